import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { mcpServersSchema } from './mcp.ts';
import { sessionOptionsSchema } from './service-channel.ts';
import { sessionSpecSchema } from './wire.ts';

const problemOf = (server: unknown, name = 'issues') => {
  const { error } = mcpServersSchema.safeParse({ [name]: server });
  return error === undefined ? 'none' : z.prettifyError(error);
};
const remote = (url: string, headers?: Record<string, string>) => ({ url, ...(headers && { headers }) });

describe('an MCP server of a session', () => {
  it.each([
    [{ command: 'python3', args: ['server.py'], env: { A: 'b' } }],
    [remote('https://mcp.example.com/mcp')],
    [remote('https://mcp.example.com:8443/mcp?team=a', { authorization: 'Bearer {{ISSUES_TOKEN}}', 'X-Team': 'a' })],
    [remote('http://127.0.0.1:4000/mcp')],
    [remote('http://[::1]:4000/mcp', { 'x-two': '{{A}}{{B2}}' })],
    [remote('http://localhost/mcp')],
  ])('is taken: %j', (server) => {
    expect(problemOf(server)).toBe('none');
    expect(sessionOptionsSchema.parse({ mcpServers: { issues: server } }).mcpServers).toEqual({ issues: server });
  });

  it.each([
    ['http://mcp.example.com/mcp', 'Expected https://, or http:// to this machine itself'],
    ['http://127.0.0.1.example.com/mcp', 'Expected https://'],
    ['http://localhost.example.com/mcp', 'Expected https://'],
    ['http://10.0.0.1/mcp', 'Expected https://'],
    ['file:///etc/passwd', 'Expected https://'],
    ['mcp.example.com', 'Expected a URL'],
    ['https://me:secret@mcp.example.com/mcp', 'holds no user and password'],
    ['https://mcp.example.com/mcp#part', 'Leave out'],
    ['https://mcp.example.com/mcp?key={{KEY}}', 'in headers only'],
  ])('is not reached at %s', (url, words) => {
    expect(problemOf(remote(url))).toContain(words);
  });

  it('is not reached at an address without end', () => {
    expect(problemOf(remote(`https://mcp.example.com/${'a'.repeat(2_000)}`))).toContain('2000');
  });

  it.each([
    ['host', 'evil.example', 'set by Airlock'],
    ['Content-Length', '5', 'set by Airlock'],
    ['mcp-session-id', 'x', 'set by Airlock'],
    ['Proxy-Authorization', 'x', 'set by Airlock'],
    ['a b', 'x', 'no name of a header'],
    ['x', 'a\r\nhost: evil', 'printable ASCII'],
    ['x', 'é', 'printable ASCII'],
    ['x', '{{lower}}', 'A secret is named {{LIKE_THIS}}'],
    ['x', '{{HOSTS_X}}', 'A secret is named'],
    ['x', '{{X', 'A secret is named'],
    ['x', '{{{{X}}}}', 'A secret is named'],
    ['x', '{{X_}}', 'A secret is named'],
  ])('is not sent the header %s: %j', (name, value, words) => {
    expect(problemOf(remote('https://mcp.example.com/', { [name]: value }))).toContain(words);
  });

  it('is sent a header once, and twenty at most', () => {
    expect(problemOf(remote('https://a.example/', { 'X-A': '1', 'x-a': '2' }))).toContain('can be set once');
    const many = Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`x-${at}`, '']));
    expect(problemOf(remote('https://a.example/', many))).toContain('At most 20');
  });

  it.each([
    [{ command: 'a', url: 'https://a.example/' }, 'Unrecognized key: "command"'],
    [{ command: 'a', headers: {} }, 'Unrecognized key: "headers"'],
    [{}, 'command: '],
    ['https://a.example/', 'expected object'],
  ])('is of one kind: not %j', (server, words) => {
    expect(problemOf(server)).toContain(words);
  });

  it.each(['service', 'Big', 'a_b', '../x', ''])(
    'has a name that fits into an address and a tool: not "%s"',
    (name) => {
      expect(problemOf({ command: 'a' }, name)).not.toBe('none');
    },
  );
});

it('what a container is told of a server has room for no address', () => {
  const spec = { session: '01a205e4-fb5e-7139-80e2-ae493036adcf', tokenHash: '0'.repeat(64), orphanMs: 1 };
  const told = (server: unknown) => sessionSpecSchema.safeParse({ ...spec, mcpServers: { issues: server } }).success;
  expect([told({ type: 'http' }), told({ command: 'a' })]).toEqual([true, true]);
  expect([told({ type: 'http', url: 'https://a.example/' }), told(remote('https://a.example/'))]).toEqual([
    false,
    false,
  ]);
});
