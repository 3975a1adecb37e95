import type { ServiceSummary } from '@airlock/protocol/api';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api } from '../../lib/api.ts';
import { ApiError } from '../../lib/api-error.ts';
import { useTitle } from '../../lib/title.ts';
import { Card, Empty, Loading } from '../../ui/card.tsx';
import { Icon } from '../../ui/icons.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { ReadinessNotice } from '../system/readiness-notice.tsx';

const servicesQuery = queryOptions({ queryKey: ['services'], queryFn: api.services });

export function ServicesPage() {
  useTitle('Services');
  return (
    <Page title="Services" lead="Choose what to start. Each execution runs in its own sealed container.">
      <ReadinessNotice />
      <ServiceList />
    </Page>
  );
}

function ServiceList() {
  const { data, error, isPending } = useQuery(servicesQuery);
  if (isPending) return <Loading label="Loading the services" rows={2} />;
  if (error) return <ErrorNotice error={ApiError.from(error)} />;
  if (data.items.length === 0) {
    return <Empty title="No services yet">Put a service into the services folder, then run “airlock deploy”.</Empty>;
  }
  return (
    <ul className="grid gap-4 sm:grid-cols-2">
      {data.items.map((service) => (
        <li key={service.name} className="min-w-0">
          <ServiceCard service={service} />
        </li>
      ))}
    </ul>
  );
}

function ServiceCard({ service }: { service: ServiceSummary }) {
  switch (service.state) {
    case 'ready':
      return <ReadyCard service={service} />;
    case 'removed':
      return <RemovedCard service={service} />;
    case 'unusable':
      return <UnusableCard service={service} />;
  }
}

function ReadyCard({ service }: { service: ServiceSummary }) {
  return (
    <Link
      to="/services/$name"
      params={{ name: service.name }}
      data-testid={`service-card-${service.name}`}
      className="group flex h-full flex-col rounded-xl border border-line bg-surface p-5 shadow-card transition-[border-color,box-shadow] hover:border-accent hover:shadow-float"
    >
      <CardText service={service} />
      {service.problem !== undefined && (
        <div className="mt-4 rounded-lg bg-amber-soft px-3 py-2 text-sm text-amber">
          <strong className="font-semibold">Its newest source is not served.</strong>
          <Problem text={service.problem} />
        </div>
      )}
      <span className="mt-4 flex items-center gap-1 text-sm font-semibold text-accent">
        Start <Icon name="chevron" className="size-4 transition-transform group-hover:translate-x-0.5" />
      </span>
    </Link>
  );
}

function RemovedCard({ service }: { service: ServiceSummary }) {
  return (
    <Card className="flex h-full flex-col p-5" data-testid={`service-card-${service.name}`}>
      <CardText service={service} />
      <p className="mt-4 rounded-lg bg-sunken px-3 py-2 text-sm text-ink-soft">{service.problem}</p>
    </Card>
  );
}

function UnusableCard({ service }: { service: ServiceSummary }) {
  return (
    <Card className="flex h-full flex-col border-red-line p-5" data-testid={`service-card-${service.name}`}>
      <CardText service={service} />
      <div className="mt-4 rounded-lg bg-red-soft px-3 py-2 text-sm text-red">
        <strong className="font-semibold">Cannot be started.</strong>
        <Problem text={service.problem ?? ''} />
      </div>
    </Card>
  );
}

/** May be what a compiler says: lines that stand below each other. */
function Problem({ text }: { text: string }) {
  return (
    <p className="mt-1 max-h-48 overflow-y-auto whitespace-pre-wrap font-mono text-[0.78rem] leading-snug [overflow-wrap:anywhere]">
      {text}
    </p>
  );
}

function CardText({ service }: { service: ServiceSummary }) {
  return (
    <>
      <h2 className="text-[1.05rem] font-semibold tracking-tight">{service.title}</h2>
      <p className="mt-1 flex-1 text-[0.93rem] text-ink-soft">{service.description}</p>
      <p className="mt-3 flex flex-wrap items-center gap-x-2 gap-y-1 text-[0.8rem] text-ink-faint tabular-nums">
        <span className="font-mono">{service.name}</span>
        {service.version !== '' && (
          <span title={service.hash === '' ? undefined : `Bundle ${service.hash}`}>v{service.version}</span>
        )}
        {service.tags.map((tag) => (
          <span key={tag} className="rounded-full bg-sunken px-2 py-px">
            {tag}
          </span>
        ))}
      </p>
      {service.older.length > 0 && (
        <ul className="mt-2 text-[0.8rem] text-ink-soft" aria-label="Older versions in use">
          {service.older.map(({ hash, version, open }) => (
            <li key={hash}>
              {open === 1 ? '1 open execution keeps' : `${open} open executions keep`} v{version}{' '}
              <span className="font-mono text-ink-faint">{hash}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
