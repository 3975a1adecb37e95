import type { Service } from '@airlock/protocol/api';
import type { JsonObject } from '@airlock/protocol/json';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { api } from '../../lib/api.ts';
import { ApiError } from '../../lib/api-error.ts';
import { dropDraft } from '../../lib/draft.ts';
import { useTitle } from '../../lib/title.ts';
import { buttonClass } from '../../ui/button.tsx';
import { Card, Loading } from '../../ui/card.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { ElementsForm } from '../forms/elements-form.tsx';
import { ReadinessNotice } from '../system/readiness-notice.tsx';

export function ServicePage() {
  const { name } = useParams({ from: '/signed-in/services/$name' });
  const { data, error } = useQuery({
    queryKey: ['service', name],
    queryFn: () => api.service(name),
    // A refetch must not swap the form under somebody who types.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  useTitle(data?.title ?? name);
  if (error) return <FailedService error={ApiError.from(error)} />;
  if (!data) {
    return (
      <Page title={name}>
        <Loading label="Loading the service" />
      </Page>
    );
  }
  return (
    <Page title={data.title} lead={data.description}>
      <ReadinessNotice />
      <LaunchForm service={data} />
    </Page>
  );
}

function FailedService({ error }: { error: ApiError }) {
  return (
    <Page title={error.status === 404 ? 'There is no such service' : 'The service could not be loaded'}>
      <ErrorNotice error={error}>
        <Link to="/" className={buttonClass('plain')}>
          All services
        </Link>
      </ErrorNotice>
    </Page>
  );
}

function LaunchForm({ service }: { service: Service }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const scope = `service:${service.name}`;
  const launch = useMutation({
    mutationFn: (inputs: JsonObject) => api.launch(service.name, inputs),
    onSuccess: ({ id }) => {
      dropDraft(scope);
      void client.invalidateQueries({ queryKey: ['executions'] });
      return navigate({ to: '/executions/$id', params: { id } });
    },
  });
  if (service.state === 'unusable') {
    return (
      <ErrorNotice
        error={{
          title: 'This service cannot be started',
          detail: service.problem ?? '',
          fix: 'Correct its module, then run “airlock deploy”',
        }}
      />
    );
  }
  const error = launch.error && ApiError.from(launch.error);
  return (
    <Card className="p-5 md:p-7">
      <ElementsForm
        elements={service.elements}
        scope={scope}
        submitText="Start"
        submitTestId="form-submit"
        busy={launch.isPending || launch.isSuccess}
        errors={error?.fields ?? noErrors}
        failure={error && error.status !== 422 && <ErrorNotice error={error} />}
        onSubmit={launch.mutate}
        onCancel={() => void navigate({ to: '/' })}
      />
    </Card>
  );
}

const noErrors = {};
