import { expect, test } from 'vitest';
import { renderTemplate } from '../../../plugins/sdk/templates.js';

const DATA = {
  name: 'web server',
  port: 80,
  ssl: true,
  nothing: null,
  tags: ['a', 'b'],
  map: { one: 1, two: { deep: 'x' } },
  items: 'shadowed by no method here',
};
const render = (text: string): string => renderTemplate(text, DATA);

test.each([
  ['{{ name }}:{{ port }}', 'web server:80'],
  ['[{{ nobody }}][{{ nobody.deep }}]', '[][]'],
  ['{{ ssl }} {{ nothing }} {{ True }} {{ None is none }}', 'True None True True'],
  ['{{ tags }} {{ map }}', "['a', 'b'] {'one': 1, 'two': {'deep': 'x'}}"],
  ['{{ map.two.deep }}{{ map["one"] }}{{ tags[0] }}{{ tags[-1] }}{{ tags[0:1] }}', "x1ab['a']"],
  ['{% for k, v in map.items() %}{{ k }}={{ v.deep or v }};{% endfor %}', 'one=1;two=x;'],
  ['{% for t in tags %}{{ loop.index }}{{ t }}{% if not loop.last %},{% endif %}{% endfor %}', '1a,2b'],
  ['{{ map.get("one") }}{{ map.get("x", "-") }}{{ map.get("x") }}', '1-None'],
  ['{{ name.upper() }} {{ name.split()[1] }} {{ ",".join(tags) }}', 'WEB SERVER server a,b'],
  ['{{ name.replace("e", "$&") }} {{ name.title() }} {{ "  x ".strip() }}|', 'w$&b s$&rv$&r Web Server x|'],
  ['{{ "{}-{1}{0}".format("a", "b") }} {{ name.startswith("web") }}', 'a-ba True'],
  ['{{ nobody | default("d") }} {{ tags | join("+") }} {{ tags | length }} {{ name | upper }}', 'd a+b 2 WEB SERVER'],
  ['{{ map | tojson }}', '{"one":1,"two":{"deep":"x"}}'],
  ['{% if "a" in tags and port > 79 %}yes{% else %}no{% endif %}', 'yes'],
  ['{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m("y") }}', '<y>'],
  ['{%- set x = 3 -%} {{ x + range(3)[2] }}', '5'],
  ['a <b> & "c"\n', 'a <b> & "c"\n'],
])('%s', (template, text) => {
  expect(render(template)).toBe(text);
});

test.each([
  '{{ range.constructor("return process")() }}',
  '{{ name.constructor.constructor("return process")() }}',
  '{{ tags.constructor }}{{ tags["constructor"] }}{{ tags[["constructor"]] }}',
  '{{ map.__proto__ }}{{ map["__proto__"].polluted }}{{ map.get("__proto__") }}{{ map.get("constructor") }}',
  '{{ map.update({"x": 1}) }}',
  '{{ name.split.constructor("return 1")() }}',
  '{{ cycler.constructor("return 1")() }}',
  '{% for k, v in map.__proto__.items() %}{{ k }}{% endfor %}',
])('nothing leads out of the data: %s', (template) => {
  let text = '';
  try {
    text = render(template);
  } catch (error) {
    expect((error as Error).message).toMatch(/Unable to call|undefined/);
  }
  expect(text.replaceAll('None', '')).toBe('');
  expect(({} as Record<string, unknown>).x).toBeUndefined();
});

test('what was given is not changed, and no range is endless', () => {
  const given = { list: [1] };
  expect(renderTemplate('{{ list.append(2) }}{{ list }}', given)).toBe('[1, 2]');
  expect(given).toEqual({ list: [1] });
  expect(() => render('{% for i in range(1000000000) %}x{% endfor %}')).toThrow(/more than 100000/);
  expect(() => render('{{ unclosed')).toThrow();
});
