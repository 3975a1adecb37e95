import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type ApiRig, startApiRig } from './api-rig.fixture.ts';

const operationSchema = z.object({
  parameters: z.array(z.object({ name: z.string(), in: z.string(), required: z.boolean().optional() })).default([]),
  requestBody: z.object({ content: z.record(z.string(), z.unknown()), required: z.boolean() }).optional(),
  responses: z.record(z.string(), z.object({ description: z.string() })),
});
const documentSchema = z.object({
  openapi: z.literal('3.1.0'),
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
});

let rig: ApiRig;
let paths: z.infer<typeof documentSchema>['paths'];

beforeEach(async () => {
  rig = await startApiRig({ services: [] });
  ({ paths } = documentSchema.parse(await (await rig.app.request('/api/v1/openapi.json')).json()));
});
afterEach(() => rig.stop());

describe('the description of the API', () => {
  it('has every route, and no other', () => {
    const methods = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);
    const served = rig.app.routes
      .filter(
        ({ method, path }) => methods.has(method) && path.startsWith('/api/v1/') && !path.endsWith('/openapi.json'),
      )
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)(\{.*?\})?/g, '{$1}')}`);
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.toSorted()).toEqual([...new Set(served)].toSorted());
  });

  it('tells of a launch: its key, and both ways it can end well', () => {
    const launch = paths['/api/v1/services/{name}/executions']?.post;
    expect(launch?.parameters).toContainEqual(expect.objectContaining({ name: 'idempotency-key', in: 'header' }));
    expect(Object.keys(launch?.responses ?? {})).toEqual(['200', '201', 'default']);
  });

  it('names the errors of every route that can fail, and wants JSON where there is a body', () => {
    const operations = Object.entries(paths).flatMap(([path, of]) =>
      Object.entries(of).map((each) => [path, ...each] as const),
    );
    const silent = operations.filter(([, , { responses }]) => responses.default === undefined);
    expect(silent.map(([path, method]) => `${method} ${path}`)).toEqual(['post /api/v1/logout']);
    for (const [, , { requestBody }] of operations) {
      if (!requestBody) continue;
      const [type] = Object.keys(requestBody.content);
      expect([requestBody.required, type]).toEqual([
        true,
        expect.stringMatching(/^application\/(json|.*octet-stream)$/),
      ]);
    }
  });
});
