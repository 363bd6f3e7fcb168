import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { encodePng, imageGrid, type RunReport, reportHtml } from '../../src/plot/index.ts';
import { elementsOf } from './wellFormed.ts';

const evil = `"><img src=x onerror=alert(1)></title></style><script>alert('x')</script>`;
const terms = (elbo: number) => ({ elbo, rate: 20, distortion: -elbo - 20 });
const png = encodePng(imageGrid(new Uint8Array(8 * 8 * 3).fill(77), { height: 8, width: 8 }));

const report: RunReport = {
  title: 'vae on mnist',
  objective: 'Maximised: the ELBO.',
  dataset: 'mnist, dynamic binarisation',
  preset: 'vae',
  warnings: ['grey values'],
  test: [
    { name: 'ELBO', value: -100.73124, standardError: 0.2431, unit: 'nats/example', meaning: 'a bound' },
    { name: 'Active units', value: 12, unit: 'of 20' },
    { name: 'Rate', value: 24.98765, unit: 'nats/example' },
  ],
  history: [
    { epoch: 1, train: terms(-140), validation: terms(-130) },
    { epoch: 2, train: terms(-110), validation: terms(-108) },
  ],
  klPerDimension: [0.001, 2, 1],
  activeUnits: [1, 2],
  latent: {
    codes: Float32Array.from({ length: 30 }, (_, i) => Math.sin(i * i)),
    dim: 3,
    labels: Int32Array.from({ length: 10 }, (_, i) => i),
  },
  pictures: [{ title: 'Samples', caption: 'From the prior.', png }],
  config: { model: { hidden: [200, 100], activation: 'tanh' }, validation: null, steps: [{ at: 1 }] },
  environment: { node: 'v20', seed: '0' },
};

const textOf = (html: string) =>
  html
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

describe('reportHtml', () => {
  const html = reportHtml(report);

  it('is one well-formed page that loads and runs nothing', () => {
    const elements = elementsOf(html);
    const names = elements.map(([name]) => name);
    expect(names.filter((name) => name === 'svg').length).toBe(5);
    for (const forbidden of ['script', 'link', 'iframe', 'object', 'a', 'form']) expect(names).not.toContain(forbidden);
    for (const [, attributes] of elements) {
      if (attributes.src) expect(attributes.src).toMatch(/^data:image\/png;base64,/);
      expect(Object.keys(attributes).filter((key) => key.startsWith('on') || key === 'href')).toEqual([]);
    }
    expect(html.match(/https?:\/\/\S*/g)!.every((url) => url.startsWith('http://www.w3.org/2000/svg'))).toBe(true);
    expect(html).toContain("default-src 'none'");
    expect(html).toContain('prefers-color-scheme:dark');
  });

  it.each([
    'vae on mnist',
    'Maximised: the ELBO.',
    'Warning: grey values',
    'ELBO −100.73 ± 0.24 nats/example a bound',
    'Active units 12 of 20',
    'Rate 24.99 nats/example',
    'active (2 of 3)',
    '% of the variance of 3 dimensions',
    'hidden 200, 100 activation tanh',
    'validation null',
    'steps 0 at 1',
    'seed 0',
  ])('shows %j', (text) => {
    expect(textOf(html)).toContain(text);
  });

  it('holds the pictures', () => {
    const [, source] = html.match(/src="data:image\/png;base64,([^"]*)"/)!;
    expect(decode(Buffer.from(source!, 'base64')).data).toEqual(decode(png).data);
  });

  it('sorts the KL bars and marks inactive dimensions', () => {
    const bars = elementsOf(html).flatMap(([name, { class: kind }]) =>
      name === 'rect' && kind !== 'rp-background' ? [kind] : [],
    );
    expect(bars).toEqual(['rp-fill-0', 'rp-fill-0', 'rp-idle']);
    expect([...html.matchAll(/<title>(\d): /g)].map((match) => match[1])).toEqual(['1', '2', '0']);
  });

  it('has a curve of the loss only where that is not minus the ELBO, and curves of labels where there are some', () => {
    const titlesOf = (train: object, validation?: object) => {
      const history = [{ epoch: 1, train: { ...terms(-140), ...train }, validation: validation as never }];
      const page = reportHtml({ ...report, history, klPerDimension: [], latent: undefined });
      return ['Loss: what is minimised', 'Cross-entropy of labels', 'Accuracy (higher is better)'].filter((title) =>
        page.includes(`>${title}<`),
      );
    };
    expect(titlesOf({ loss: 140 })).toEqual([]);
    expect(titlesOf({ loss: 150 })).toEqual(['Loss: what is minimised']);
    expect(titlesOf({ loss: 150, labelLoss: 1 })).toEqual(['Loss: what is minimised', 'Cross-entropy of labels']);
    expect(titlesOf({}, { ...terms(-130), accuracy: 0.9 })).toEqual(['Accuracy (higher is better)']);
  });

  it('leaves out what a run does not have', () => {
    const { latent: _, ...rest } = report;
    const bare = reportHtml({ ...rest, history: [], klPerDimension: [], pictures: [], test: [], warnings: [] });
    elementsOf(bare);
    for (const heading of ['Learning curves', 'Pictures', 'Latent space', 'Test set', 'Warning']) {
      expect(bare).not.toContain(`>${heading}`);
    }
  });

  it('escapes every text of the report', () => {
    const page = reportHtml({
      ...report,
      title: evil,
      objective: evil,
      dataset: evil,
      preset: evil,
      warnings: [evil],
      test: [{ name: evil, value: NaN, unit: evil, meaning: evil }],
      latent: { ...report.latent!, classNames: Array.from({ length: 10 }, () => evil) },
      pictures: [{ title: evil, caption: evil, png }],
      config: { [evil]: { [evil]: [evil] }, list: [{ a: evil }] },
      environment: { [evil]: evil },
    });
    const names = elementsOf(page).map(([name]) => name);
    expect(names).not.toContain('script');
    expect(names.filter((name) => name === 'img').length).toBe(1);
    expect(page).not.toContain('<img src=x');
  });

  it('a configuration that is too deep is shown as text', () => {
    let deep: unknown = 'end';
    for (let i = 0; i < 1000; i++) deep = { a: deep };
    elementsOf(reportHtml({ ...report, config: deep }));
  });
});
