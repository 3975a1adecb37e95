import type { SessionView } from '@airlock/protocol/api';
import type { Facts } from '@airlock/protocol/facts';
import { sizeInWords } from '@airlock/protocol/files/file';
import { grantWords } from '@airlock/protocol/grant-rules';
import { ruleText } from '@airlock/protocol/rules';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../../lib/api.ts';
import { ApiError } from '../../lib/api-error.ts';
import { plural } from '../../lib/format.ts';
import { Empty, Loading } from '../../ui/card.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Revealed } from '../../ui/revealed.tsx';
import { InsideView } from './inside-view.tsx';

/** What the conversations of an execution are made of, and what Claude may do in them. */
export function SetupView({ sessions, seq }: { sessions: readonly string[]; seq: number }) {
  if (sessions.length === 0) {
    return <Empty title="No conversation yet">What Claude runs with appears here once the service begins one.</Empty>;
  }
  return (
    <div className="space-y-10">
      {sessions.map((id, at) => (
        <SessionSetup key={id} id={id} title={sessions.length > 1 ? `Session ${at + 1}` : 'Session'} seq={seq} />
      ))}
    </div>
  );
}

function SessionSetup({ id, title, seq }: { id: string; title: string; seq: number }) {
  const { data, error } = useQuery({
    queryKey: ['session', id, seq],
    queryFn: () => api.session(id),
    placeholderData: (old) => old,
  });
  if (error) return <ErrorNotice error={ApiError.from(error)} />;
  if (!data) return <Loading label="Loading the session" rows={2} />;
  return (
    <section aria-label={title} data-testid="setup">
      <h2 className="mb-3 text-sm font-semibold">{title}</h2>
      <InsideView id={id} title={title} />
      <dl className="grid grid-cols-[minmax(7rem,auto)_minmax(0,1fr)] gap-x-6 gap-y-3 text-sm max-sm:grid-cols-1 max-sm:gap-y-1">
        <Made session={data} />
        <Permissions session={data} />
        <Known session={data} />
      </dl>
    </section>
  );
}

function Made({
  session: { image, limits, repository, caches, outExclude, facts, context },
}: {
  session: SessionView;
}) {
  return (
    <>
      <Row name="Image">
        <Code text={image.reference} />
        <br />
        {image.digest && <Code text={image.digest} />}
      </Row>
      <Row name="Limits">
        {plural(limits.cpus, 'CPU')}, {sizeInWords(limits.memoryBytes)} memory, {sizeInWords(limits.workspaceBytes)}{' '}
        workspace
      </Row>
      {repository && (
        <Row name="Repository">
          <Code text={repository.url} />
          {repository.ref !== null && <Code text={repository.ref} />}
        </Row>
      )}
      {caches.length > 0 && (
        <Row name="Caches">
          <ul className="space-y-1">
            {caches.map(({ name, fill, env = {} }) => (
              <li key={name}>
                <Code text={`/caches/${name}`} />
                <span className="text-ink-soft">
                  filled by <Code text={fill.join(' ')} />
                </span>
                {Object.entries(env).map(([variable, value]) => (
                  <Code key={variable} text={`${variable}=${value}`} />
                ))}
              </li>
            ))}
          </ul>
        </Row>
      )}
      <List name="Not kept as results" items={outExclude} />
      {facts && (
        <>
          <Row name="Model">
            <Revealed text={facts.model} />
          </Row>
          <Row name="Versions">
            Claude Code <Revealed text={facts.cliVersion} />, Agent SDK <Revealed text={facts.sdkVersion} />
          </Row>
        </>
      )}
      {context && (
        <Row name="Context in use">
          {context.tokens.toLocaleString()} of {context.window.toLocaleString()} tokens
        </Row>
      )}
    </>
  );
}

function Permissions({ session }: { session: SessionView }) {
  const { facts, rules, grants, allowedTools, disallowedTools } = session;
  return (
    <>
      {facts && (
        <Row name="Works in mode">
          <Revealed text={facts.permissionMode} />
        </Row>
      )}
      <List name="Rules of the service" items={rules.map((rule) => `${rule.decision} ${ruleText(rule)}`)} />
      <List name="Allowed by the service" items={allowedTools} />
      <List name="Tools taken away" items={disallowedTools} />
      <List name="Allowed by people" items={grantWords(grants)} />
      {facts?.settings.map(({ tier, allow, ask, deny, hooks }) => (
        <List
          key={tier}
          name={`Settings, ${tier}`}
          none="Nothing"
          items={[
            ...allow.map((rule) => `allow ${rule}`),
            ...ask.map((rule) => `ask ${rule}`),
            ...deny.map((rule) => `deny ${rule}`),
            ...hooks.map((hook) => `hook ${hook}`),
          ]}
        />
      ))}
    </>
  );
}

function Known({ session: { facts, serviceTools } }: { session: SessionView }) {
  const served = serviceTools.map(({ name, ask }) => (ask ? `${name} (asks)` : name));
  if (!facts) return <List name="Tools of the service" items={served} />;
  const plugins = facts.plugins.map(({ name, version, problem }) => [name, version, problem].filter(Boolean).join(' '));
  return (
    <>
      <Row name="Commands">
        <Commands commands={facts.commands.filter(({ builtin }) => !builtin)} />
        <Disclosure summary="Claude Code’s own commands" testId="builtin-commands">
          {() => <Commands commands={facts.commands.filter(({ builtin }) => builtin)} />}
        </Disclosure>
      </Row>
      <List name="Skills" items={facts.skills} none="None" />
      <List name="Sub-agents" items={facts.agents.map(({ name }) => name)} none="None" />
      <List name="Plugins" items={plugins} none="None" />
      <List name="MCP servers" items={facts.mcpServers.map(({ name, status }) => `${name}: ${status}`)} none="None" />
      <List name="Tools of the service" items={served} />
      <List name="Tools" items={facts.tools} none="None" />
    </>
  );
}

function Commands({ commands }: { commands: Facts['commands'] }) {
  return (
    <ul className="space-y-1">
      {commands.map(({ name, about, hint }) => (
        <li key={name} className="flex gap-3">
          <span className="max-w-[50%] shrink-0 [overflow-wrap:anywhere]">
            <Code text={`/${[name, hint].filter(Boolean).join(' ')}`} />
          </span>
          <span className="min-w-0 truncate text-ink-soft">
            <Revealed text={about} />
          </span>
        </li>
      ))}
    </ul>
  );
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-ink-faint">{name}</dt>
      <dd className="min-w-0 [overflow-wrap:anywhere] max-sm:mb-2">{children}</dd>
    </>
  );
}

/** Names, one after the other; nothing at all when there are none and nothing to say of that. */
function List({ name, items, none }: { name: string; items: readonly string[]; none?: string }) {
  if (items.length === 0 && none === undefined) return null;
  return (
    <Row name={name}>
      {items.length === 0 ? (
        none
      ) : (
        <ul className="flex flex-wrap gap-x-3 gap-y-1">
          {items.map((item) => (
            <li key={item}>
              <Code text={item} />
            </li>
          ))}
        </ul>
      )}
    </Row>
  );
}

function Code({ text }: { text: string }) {
  return (
    <code className="mr-2 font-mono text-[0.83rem]">
      <Revealed text={text} exact />
    </code>
  );
}
