import { decode } from 'fast-png';
import { mlp, vae } from 'reparam';
import { describe, expect, it } from 'vitest';
import { layersOf } from '../../src/plot/diagrams/architecture.ts';
import {
  architectureDiagram,
  computationDiagram,
  imageFigure,
  imageGrid,
  pictureTable,
  plateDiagram,
} from '../../src/plot/index.ts';
import { wrapText } from '../../src/plot/svg/textLines.ts';
import { elementsOf } from './wellFormed.ts';

const named = (svg: string, name: string) =>
  elementsOf(svg).flatMap(([each, attributes]) => (each === name ? [attributes] : []));
const texts = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map((match) => match[1]!);
const pixelsOf = (href: string) => [...decode(Buffer.from(href.split(',')[1]!, 'base64')).data];

describe('tables of pictures', () => {
  const cell = (value: number) => ({ pixels: Uint8Array.of(value, value + 1) });
  const svg = pictureTable({
    title: 'T',
    height: 1,
    width: 2,
    columns: ['a', 'b'],
    cellSize: 20,
    rows: [
      { label: 'one', note: '0.5 nats', cells: [cell(1), { ...cell(3), marked: true, note: '4.2' }] },
      { label: 'a longer label', cells: [{}, cell(7)] },
    ],
  });

  it('every picture stands in its row and column with its own pixels', () => {
    const images = named(svg, 'image');
    expect(images.map(({ href }) => pixelsOf(href!))).toEqual([
      [1, 2],
      [3, 4],
      [7, 8],
    ]);
    const [first, second, third] = images;
    expect([first!.y, second!.y]).toEqual([first!.y, first!.y]);
    expect(third!.x).toBe(second!.x);
    expect(Number(third!.y)).toBeGreaterThan(Number(first!.y) + 20);
    expect([first!.width, first!.height]).toEqual(['40', '20']);
  });

  it('words stand beside, above and below, and a marked picture has a frame', () => {
    expect(texts(svg)).toEqual(expect.arrayContaining(['T', 'a', 'b', 'one', '0.5 nats', 'a longer label', '4.2']));
    const frame = named(svg, 'rect').find(({ fill }) => fill === 'none')!;
    const marked = named(svg, 'image')[1]!;
    expect([Number(frame.x), Number(frame.y)]).toEqual([Number(marked.x) - 1, Number(marked.y) - 1]);
  });

  it('one picture with its axes', () => {
    const image = imageGrid(Uint8Array.of(5, 6, 7, 8), { height: 1, width: 1, columns: 2, scale: 1, padding: 0 });
    const drawn = imageFigure(image, { title: 'M', x: 'right', y: 'up' });
    expect(pixelsOf(named(drawn, 'image')[0]!.href!)).toEqual([5, 6, 7, 8]);
    expect(texts(drawn)).toEqual(
      ['M', 'right', 'up'].sort((a, b) => texts(drawn).indexOf(a) - texts(drawn).indexOf(b)),
    );
  });

  it('wraps words, never within one', () => {
    expect(wrapText('aa bb cc', 5 * 0.56 * 12, 12)).toEqual(['aa bb', 'cc']);
    expect(wrapText('incomprehensible', 10)).toEqual(['incomprehensible']);
  });
});

describe('diagrams', () => {
  const model = vae({ dataShape: [4, 4], latentDim: 3, encoder: mlp([7, 5]), decoder: mlp([6]) });

  it('layers end at commas outside brackets, and activations join the layer before them', () => {
    expect(layersOf('linear 784 → 200, tanh, conv 1 → 32 (4×4, stride 2), group norm, relu')).toEqual([
      'linear 784 → 200, tanh',
      'conv 1 → 32 (4×4, stride 2), group norm, relu',
    ]);
  });

  it('the architecture names every layer, the distributions and the sizes', () => {
    const words = texts(architectureDiagram(model)).join(' | ');
    const { prior, posterior, likelihood } = model.describe();
    for (const part of [
      'x: 4 × 4',
      'linear 16 → 7, relu',
      'linear 7 → 5, relu',
      `q(z|x): ${posterior}`,
      '3 numbers',
      `prior p(z): ${prior}`,
      'linear 3 → 6, relu',
      'linear 6 → 16',
      `p(x|z): ${likelihood}`,
    ]) {
      expect(words).toContain(part.replaceAll("'", '&#39;'));
    }
    // Layers of the encoder follow each other downwards, those of the decoder upwards.
    const y = (text: string) => Number(new RegExp(`y="([\\d.]+)"[^>]*>${text}`).exec(architectureDiagram(model))![1]);
    expect(y('linear 16 → 7')).toBeLessThan(y('linear 7 → 5'));
    expect(y('linear 3 → 6')).toBeGreaterThan(y('linear 6 → 16'));
  });

  it.each([
    [{}, 'p(z) · p(x|z)', 'q(z|x)', 2],
    [{ conditional: true }, 'p(z) · p(x|z, c)', 'q(z|x, c)', 3],
    [{ conditional: true, conditionalPrior: true }, 'p(z|c) · p(x|z, c)', 'q(z|x, c)', 3],
    [{ layers: 2 }, 'p(z₂) · p(z₁|z₂) · p(x|z₁)', 'q(z₁|x) · q(z₂|z₁)', 3],
  ])('plate %j: %s, %s', (options, generative, inference, nodes) => {
    const svg = plateDiagram(options);
    const words = texts(svg).join(' ');
    expect(words).toContain(`${generative}.`);
    expect(words).toContain(`${inference}.`);
    expect(named(svg, 'circle')).toHaveLength(nodes);
    // One dashed arrow a layer, and that from φ.
    expect(named(svg, 'path').filter((path) => path['stroke-dasharray'])).toHaveLength(
      nodes === 3 && 'layers' in options ? 3 : 2,
    );
  });

  it('the computation: two gradients end at the draw, four pass when the noise is an input', () => {
    const svg = computationDiagram();
    expect(named(svg, 'path').filter((path) => path['stroke-dasharray'])).toHaveLength(2 + 4);
    expect(texts(svg)).toEqual(expect.arrayContaining(['no gradient', 'z = μ + σ · ε', '~ N(0, I)', '~ N(μ, σ²)']));
  });
});
