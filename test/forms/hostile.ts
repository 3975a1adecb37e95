import type { Element } from '@airlock/protocol/elements';

const alarm = 'window.__xss=1';

/** Texts that try to run code, or to load something, where they are shown. One line each. */
export const hostileTexts: readonly string[] = [
  `<script>${alarm}</script>`,
  `</script><script>${alarm}</script>`,
  `<img src=x onerror="${alarm}">`,
  `<img/src=x/onerror=${alarm}//`,
  `<svg onload="${alarm}">`,
  `<svg><script>${alarm}</script></svg>`,
  `<svg><animate onbegin=${alarm} attributeName=x dur=1s>`,
  `<iframe src="javascript:parent.${alarm}"></iframe>`,
  `<iframe srcdoc="<script>parent.${alarm}</script>"></iframe>`,
  `<a href="javascript:${alarm}">click</a>`,
  `<a href=" &#106;avascript:${alarm}">click</a>`,
  `<a href="data:text/html,<script>opener.${alarm}</script>">click</a>`,
  `<form action="javascript:${alarm}"><button autofocus>go</button></form>`,
  `<input autofocus onfocus="${alarm}">`,
  `<details open ontoggle="${alarm}"><summary>x</summary></details>`,
  `<body onload="${alarm}">`,
  `<object data="javascript:${alarm}"></object><embed src="javascript:${alarm}">`,
  `<meta http-equiv="refresh" content="0;url=javascript:${alarm}"><base href="javascript:/">`,
  `<link rel=stylesheet href="//evil.example/x.css"><style>@import "//evil.example/y.css";</style>`,
  `<math><mtext></form><form><mglyph><style></math><img src onerror=${alarm}>`,
  `<noscript><p title="</noscript><img src=x onerror=${alarm}>">`,
  `<template><script>${alarm}</script></template><p style="background:url(//evil.example/z)">styled</p>`,
  `"><script>${alarm}</script>`,
  `" autofocus onfocus="${alarm}" x="`,
  `' onmouseover='${alarm}' x='`,
  `[click](javascript:${alarm})`,
  `[click](JaVaScRiPt:${alarm} "t")`,
  `![image](x"onerror="${alarm}) ![pixel](https://evil.example/pixel.png)`,
  `<javascript:${alarm}> [x]: javascript:${alarm}`,
  '{{constructor.constructor("window.__xss=1")()}} $' + '{window.__xss=1}',
];

/** A group with every element, and the text in every place a text can have. */
function hostileGroup(text: string, place: number): Element {
  const named = (type: string) => ({ name: `${type.replace('-', '')}-${place}`, label: text, help: text });
  const typed = { required: false, placeholder: text };
  const line = { ...typed, value: text, max_length: null };
  const option = [
    { name: 'first', label: text },
    { name: text, label: 'second' },
  ];
  const lines = (['text', 'email', 'url', 'tel', 'search', 'password'] as const).map((type) => ({
    type,
    ...named(type),
    ...line,
  }));
  const moment = { ...typed, value: null };
  return {
    type: 'group',
    label: text,
    help: text,
    elements: [
      { type: 'markdown', text },
      { type: 'html', text },
      { type: 'hr', text },
      { type: 'break', text },
      ...lines,
      { type: 'textarea', ...named('textarea'), ...line, rows: 2 },
      { type: 'number', ...named('number'), ...moment, min_value: null, max_value: null, step: null },
      { type: 'range', ...named('range'), value: 1, min_value: 0, max_value: 2, step: 1 },
      { type: 'date', ...named('date'), ...moment, min_date: text, max_date: text },
      { type: 'time', ...named('time'), ...moment, min_time: text, max_time: text, step: null },
      { type: 'datetime-local', ...named('datetime'), ...moment, min_datetime: text, max_datetime: text, step: null },
      { type: 'month', ...named('month'), ...moment, min_month: text, max_month: text },
      { type: 'week', ...named('week'), ...moment, min_week: text, max_week: text },
      { type: 'color', ...named('color'), value: text },
      { type: 'boolean', ...named('boolean'), value: false, option: text },
      { type: 'select', ...named('select'), value: text, required: false, option },
      { type: 'radio', ...named('radio'), value: text, required: false, option },
      {
        type: 'multiselect',
        ...named('many'),
        value: [text],
        required: false,
        option,
        min_items: null,
        max_items: null,
      },
      {
        type: 'file',
        ...named('file'),
        value: null,
        required: false,
        multiple: true,
        directory: false,
        accept: text,
        max_files: null,
        max_bytes: null,
      },
      { type: 'hidden', name: `hidden-${place}`, value: text },
      { type: 'action', name: `action-${place}`, value: text, text },
    ],
  };
}

export const hostileForm: readonly Element[] = [
  ...hostileTexts.map(hostileGroup),
  { type: 'submit', text: hostileTexts[0] ?? '' },
  { type: 'cancel', text: hostileTexts[2] ?? '' },
];

/** One line of text for each of them, named by its place. */
export const hostileInputs = Object.fromEntries(hostileTexts.map((text, place) => [`text-${place}`, text]));
