import type { Element } from '@airlock/protocol/elements';
import axe from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { everyElement } from './forms/every-element.ts';
import { hostileForm, hostileInputs, hostileTexts } from './forms/hostile.ts';
import { type Api, apiOf } from './harness/api.ts';
import { startHost, type TestHost } from './harness/host.ts';
import { createServices } from './harness/services.ts';
import { signIn } from './harness/sign-in.ts';
import { launchBrowser } from './setup/browser.ts';

/** A service with a form as it goes over the wire. */
const service = (name: string, elements: readonly Element[], run = '') => `
import { defineService } from '@airlock/flow/service';
const raw = (elements) => ({ elements, parse: (values) => values });
export default defineService({
  name: '${name}', title: '${name}', description: '', form: raw(${JSON.stringify(elements)}),
  async run({ inputs, tracer }) { ${run} },
});`;

const line = { value: null, required: false, placeholder: null, max_length: null };
const decision: readonly Element[] = [
  { type: 'text', name: 'why', label: 'Why', ...line, required: true },
  { type: 'action', name: 'yes', value: 'granted', text: 'Grant' },
  { type: 'action', name: 'no', value: 'refused', text: 'Refuse' },
];
const decide = `const decided = await tracer.lock('decide', raw(${JSON.stringify(decision)}));
return { type: 'text', body: JSON.stringify({ inputs, decided }) };`;

const hostileLines = Object.keys(hostileInputs).map((name): Element => ({ type: 'text', name, label: name, ...line }));
const echo = `const bodies = Object.values(inputs).join('\\n\\n');
const lines = ${JSON.stringify(hostileLines)}.map((line) => ({ ...line, label: inputs[line.name], value: inputs[line.name] }));
await tracer.lock('again', raw([{ type: 'markdown', text: bodies }, { type: 'html', text: bodies }, ...lines]));
return bodies;`;

const services = createServices({
  every: service('every', everyElement, decide),
  hostile: service('hostile', hostileForm),
  echo: service('echo', hostileLines, echo),
});

/** Counts what the content security policy had to stop: nothing is to come so far. */
const watchViolations = `
  window.violations = [];
  document.addEventListener('securitypolicyviolation', (event) => {
    window.violations.push(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample);
  });
`;

let host: TestHost;
let api: Api;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let problems: string[];

beforeAll(async () => {
  host = await startHost({ env: { AIRLOCK_SERVICES: services.dir } });
  api = apiOf(host);
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await host?.remove();
  services.remove();
});

beforeEach(async () => {
  context = await browser.newContext({ locale: 'en-US' });
  await context.addInitScript(watchViolations);
  page = await context.newPage();
  problems = [];
  // From the first listener on, choosers are taken; until that has come through to the browser they are lost.
  page.on('filechooser', () => undefined);
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (line) => {
    if (['error', 'warning'].includes(line.type())) problems.push(`${line.text()} ${line.location().url}`);
  });
  await signIn(page, host);
  await page.getByTestId('service-card-every').waitFor();
  problems.splice(0);
});
afterEach(async () => {
  await context.close();
  expect(problems).toEqual([]);
});

async function open(name: string): Promise<void> {
  await page.goto(`${host.url}/services/${name}`);
  await page.getByTestId('form-submit').waitFor();
}

const focused = () =>
  page.evaluate<string>("document.activeElement.dataset.testid ?? document.activeElement.name ?? ''");

const key = (name: string, times = 1): Promise<void> =>
  times === 0 ? Promise.resolve() : page.keyboard.press(name).then(() => key(name, times - 1));

/** Goes on with Tab until the control with this test id or name has the focus. */
async function tabTo(control: string, presses = 60): Promise<void> {
  if ((await focused()) === control) return;
  if (presses === 0) throw new Error(`Tab does not lead to ${control}`);
  await page.keyboard.press('Tab');
  await tabTo(control, presses - 1);
}

async function type(control: string, text: string): Promise<void> {
  await tabTo(control);
  await page.keyboard.type(text);
}

/** Types the parts of a native input for days and times; it goes on to the next part by itself where one is full. */
async function typeParts(control: string, parts: readonly string[]): Promise<void> {
  await tabTo(control);
  for (const part of parts) await (part.startsWith('Arrow') ? key(part) : page.keyboard.type(part));
}

/** What axe-core finds wrong with the form that is shown. */
async function violations(): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate<{ id: string; nodes: { html: string; failureSummary?: string }[] }[]>(
    "window.axe.run('form').then(({ violations }) => violations)",
  );
  return found.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary ?? ''}`));
}

async function finishedWith(id: string): Promise<unknown> {
  await api.until(id, ({ kind }) => kind === 'final');
  const { result } = await api.execution(id);
  return result;
}

const executionShown = async (): Promise<string> => {
  await page.waitForURL(/\/executions\/[0-9a-f-]{36}$/);
  return page.url().split('/').at(-1) ?? '';
};

describe('a form with every element', () => {
  it('is filled in and sent with the keyboard alone', async () => {
    await open('every');
    await tabTo('field-name');
    await key('Enter');
    await page.locator('[data-testid="field-size"][aria-invalid="true"]').waitFor();
    expect(await focused()).toBe('field-name');
    await page.keyboard.type('Ada');
    await page.locator('[data-testid="field-name"][aria-invalid="false"]').waitFor();

    await type('field-email', 'ada@example.com');
    await type('field-site', 'https://example.com/ada');
    await type('field-phone', '+44 20 7946 0000');
    await type('field-secret', 'open sesame now');
    await key('Tab');
    await key('Space');
    expect(await page.getByTestId('field-secret').getAttribute('type')).toBe('text');
    await type('field-query', 'engine');
    await type('field-story', 'Once');
    await key('Enter');
    await page.keyboard.type('more');
    await type('field-count', '4');
    await tabTo('field-volume');
    await key('ArrowRight', 2);
    await typeParts('field-day', ['11', '25', '2026']);
    await typeParts('field-hour', ['09', '30', 'AM']);
    await typeParts('field-moment', ['11', '25', '2026', 'ArrowRight', '09', '30', 'PM']);
    await typeParts('field-month', ['N', 'ArrowRight', '2026']);
    await typeParts('field-week', ['48', '2026']);
    await tabTo('field-paint');
    await key('ControlOrMeta+a');
    await page.keyboard.type('#1e90ff');
    await tabTo('field-agree');
    await key('Space');
    await type('field-size', 'Med');
    await tabTo('delivery');
    await key('Space');
    await key('ArrowDown');
    await type('field-address', '12 St James Square');
    await tabTo('extras');
    await key('Tab');
    await key('Space');
    await type('field-wish', 'With love');
    await tabTo('days-part');
    await page.keyboard.type('24');
    await tabTo('days');
    await key('Space');
    await tabTo('field-papers');
    const uploads: string[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST' && request.url().endsWith('/uploads')) uploads.push(request.url());
    });
    const choosing = page.waitForEvent('filechooser');
    await key('Space');
    await (await choosing).setFiles([
      { name: '<img src=x onerror=alert(1)>.txt', mimeType: 'text/plain', buffer: Buffer.from('a paper') },
      { name: 'not wanted.txt', mimeType: 'text/plain', buffer: Buffer.from('another') },
    ]);
    await page.getByText('2 files arrived').waitFor({ state: 'attached' });
    expect(uploads).toHaveLength(2);
    await key('Tab', 2);
    await key('Enter');
    await page.getByText('1 file arrived').waitFor({ state: 'attached' });
    expect(await focused()).toBe('field-papers');
    await tabTo('form-submit');
    await key('Enter');

    const id = await executionShown();
    await page.getByTestId('field-why').waitFor();
    await type('field-why', 'Because');
    await key('Enter');
    await tabTo('action-no');
    await key('Enter');
    const inputs = {
      name: 'Ada',
      email: 'ada@example.com',
      site: 'https://example.com/ada',
      phone: '+44 20 7946 0000',
      secret: 'open sesame now',
      query: 'engine',
      story: 'Once\nmore',
      count: 4,
      volume: 5,
      day: '2026-11-25',
      hour: '09:30',
      moment: '2026-11-25T21:30',
      month: '2026-11',
      week: '2026-W48',
      paint: '#1e90ff',
      agree: true,
      size: 'm',
      delivery: 'bike',
      address: '12 St James Square',
      extras: ['nuts', 'honey'],
      wish: 'With love',
      days: ['d24'],
      papers: [expect.objectContaining({ name: '<img src=x onerror=alert(1)>.txt', size: 7 })],
      source: 'story',
      quote: null,
    };
    const result = (await finishedWith(id)) as { body: string };
    expect(JSON.parse(result.body)).toEqual({ inputs, decided: { why: 'Because', yes: null, no: 'refused' } });
  });

  it('says at once what is wrong with a field that was left, and is silent when it is mended', async () => {
    await open('every');
    const problem = page.getByText('A value is required');
    await tabTo('field-email');
    expect(await problem.count()).toBe(1);
    await page.getByTestId('field-name').fill('Ada');
    expect(await problem.count()).toBe(1);
    await page.getByTestId('field-email').fill('ada@example.com');
    expect(await problem.count()).toBe(0);
    await typeParts('field-day', ['11']);
    await tabTo('field-hour');
    await page.getByText('Expected a complete date').waitFor();
  });

  it('does not move a button from under the mouse that leaves a field', async () => {
    await open('every');
    await page.getByTestId('field-size').focus();
    const leave = page.getByRole('button', { name: 'Leave' });
    await leave.scrollIntoViewIfNeeded();
    await leave.hover();
    const before = await leave.boundingBox();
    await page.mouse.down();
    expect(await leave.boundingBox()).toEqual(before);
    await page.mouse.up();
    await page.getByTestId('service-card-every').waitFor();
  });

  it('keeps what was typed over a reload, less the password', async () => {
    await open('every');
    await page.getByTestId('field-name').fill('Ada');
    await page.getByTestId('field-secret').fill('open sesame now');
    await page.getByLabel('Honey').check();
    await page.getByLabel('By bicycle').check();
    await page.getByTestId('field-address').fill('12 St James Square');
    await page.getByLabel('I fetch it').check();
    await page.reload();
    await page.getByTestId('form-submit').waitFor();
    expect(await page.getByTestId('field-name').inputValue()).toBe('Ada');
    expect(await page.getByTestId('field-secret').inputValue()).toBe('');
    expect(await page.getByLabel('Honey').isChecked()).toBe(true);
    expect(await page.getByTestId('field-address').count()).toBe(0);
    await page.getByLabel('By bicycle').check();
    expect(await page.getByTestId('field-address').inputValue()).toBe('12 St James Square');
  });

  it.each(['light', 'dark'] as const)('has nothing axe-core objects to: %s', async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await open('every');
    expect(await violations()).toEqual([]);
    await page.getByTestId('form-submit').click();
    await page.getByTestId('field-agree').check();
    await page.locator('[data-testid="field-name"][aria-invalid="true"]').waitFor();
    expect(await violations()).toEqual([]);
  });

  it('fits on a narrow phone', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await open('every');
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(360);
  });
});

/** Anything in the page that could act or load, and was not put there by the panel. */
const findsOfCode = `
  [...document.querySelectorAll('#root *')].flatMap((node) => {
    const names = node.getAttributeNames();
    const own = node.closest('svg[aria-hidden]') !== null;
    const bad = [
      !own && node.matches('script, style, iframe, img, svg, object, embed, link, meta, base, math, template'),
      node.matches('form form'),
      names.some((name) => name.startsWith('on')),
      node.hasAttribute('href') && !/^(https?:|mailto:|\\/|#main$)/.test(node.getAttribute('href')),
      node.closest('.prose-html') !== null && names.some((name) => ['style', 'class', 'id'].includes(name)) &&
        !node.matches('.prose-html, .md-block'),
    ];
    return bad.includes(true) ? [node.outerHTML.slice(0, 200)] : [];
  })
`;

/** The places of a group where its text does not stand as it is. */
const lostTexts = (texts: string) => `
  [...document.querySelectorAll('form > fieldset > fieldset')].flatMap((group, place) => {
    const text = ${texts}[place];
    const places = {
      legend: [...group.querySelectorAll(':scope > legend')].map((node) => node.textContent),
      labels: [...group.querySelectorAll('[data-field] label:not(:has(input)), [data-field] legend')].map((node) => node.textContent),
      help: [...group.querySelectorAll('[id$="-help"]')].map((node) => node.textContent),
      placeholders: [...group.querySelectorAll('[placeholder]')].map((node) => node.placeholder),
      values: [...group.querySelectorAll('input:is([type=text], [type=url], [type=tel], [type=search], [type=password]), textarea, select')].map((node) => node.value),
      options: [...group.querySelectorAll('option:nth-of-type(2), [data-field] fieldset label:first-child')].map((node) => node.textContent),
    };
    return Object.entries(places).flatMap(([kind, found]) =>
      found.length > 0 && found.every((each) => each === text) ? [] : [kind + ' of ' + text + ': ' + JSON.stringify(found)]);
  })
`;

describe('hostile texts', () => {
  it('of HTML keep their formatting and harmless links', async () => {
    await open('every');
    expect(await page.locator('.prose-html .md-block').innerHTML()).toBe(
      '<p>First line,<br>second line with <b>bold</b> and a ' +
        '<a href="https://example.com/terms" target="_blank" rel="noopener noreferrer nofollow">link</a>.</p>',
    );
  });

  const untouched = async (): Promise<void> => {
    expect(await page.evaluate(findsOfCode)).toEqual([]);
    expect(await page.evaluate('window.__xss')).toBeUndefined();
    expect(await page.evaluate('window.violations')).toEqual([]);
  };

  it('in every place of every element are shown as text', async () => {
    await open('hostile');
    expect(await page.locator('form > fieldset > fieldset').count()).toBe(hostileTexts.length);
    expect(await page.evaluate(lostTexts(JSON.stringify(hostileTexts)))).toEqual([]);
    await page.evaluate(
      "document.querySelectorAll('form *').forEach((node) => node.dispatchEvent(new MouseEvent('mouseover')))",
    );
    await untouched();
  });

  it('as values are shown as text, in the log and in the next form', async () => {
    const id = await api.launch('echo', hostileInputs);
    await page.goto(`${host.url}/executions/${id}`);
    await page.getByTestId('answer-submit').waitFor();
    await untouched();
    await page.getByTestId('answer-submit').click();
    await page.getByTestId('answer-form').waitFor({ state: 'detached' });
    await finishedWith(id);
    await untouched();
  });
});
