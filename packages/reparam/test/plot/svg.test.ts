import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { barChart, histogram, lineChart, scatterPlot } from '../../src/plot/index.ts';
import { darkPalette, ink, palette } from '../../src/plot/svg/palette.ts';
import { extent, formatNumber, linearScale } from '../../src/plot/svg/scale.ts';
import { elementsOf } from './wellFormed.ts';

const axes = { title: 'T', x: { label: 'epoch' }, y: { label: 'nats/example' } };
const named = (svg: string, name: string) =>
  elementsOf(svg).flatMap(([each, attributes]) => (each === name ? [attributes] : []));
const texts = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map((match) => match[1]!);

describe('scales', () => {
  it.each<[number, number, string[]]>([
    [0, 10, ['0', '2', '4', '6', '8', '10']],
    [1, 15, ['0', '5', '10', '15']],
    [-140, -100, ['−140', '−130', '−120', '−110', '−100']],
    [0, 0.003, ['0.0000', '0.0005', '0.0010', '0.0015', '0.0020', '0.0025', '0.0030']],
    [0, 1e5, ['0', '20,000', '40,000', '60,000', '80,000', '100,000']],
  ])('ticks of %d … %d', (low, high, expected) => {
    const scale = linearScale([low, high], [0, 1]);
    expect(scale.ticks.map(scale.format)).toEqual(expected);
  });

  it('is straight, keeps the domain inside the range, and has few ticks', () => {
    const finite = fc.double({ min: -1e12, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(finite, finite, (a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        fc.pre(high === low || high - low > 1e-6 * Math.max(1, Math.abs(low), Math.abs(high)));
        const scale = linearScale([low, high], [100, 500]);
        expect(scale.ticks.length).toBeGreaterThanOrEqual(2);
        expect(scale.ticks.length).toBeLessThanOrEqual(9);
        for (const value of [low, high]) {
          expect(scale(value)).toBeGreaterThanOrEqual(99.99);
          expect(scale(value)).toBeLessThanOrEqual(500.01);
        }
        expect(scale(scale.ticks[0]!)).toBeCloseTo(100, 4);
        expect(scale(scale.ticks.at(-1)!)).toBeCloseTo(500, 4);
        expect(new Set(scale.ticks.map(scale.format)).size).toBe(scale.ticks.length);
      }),
    );
  });

  it('marks whole numbers only when asked', () => {
    expect(linearScale([1, 2], [0, 1], 6, true).ticks).toEqual([1, 2]);
  });

  it.each([
    [-0.04, 1, '0.0'],
    [-1234567.891, 2, '−1,234,567.89'],
    [NaN, 2, 'not a number'],
    [-Infinity, 2, '−∞'],
    [2e20, 0, '2.00e+20'],
  ])('%d with %i decimals', (value, decimals, expected) => {
    expect(formatNumber(value, decimals)).toBe(expected);
  });

  it('extent skips what is not finite', () => {
    expect(extent([NaN, 3, -Infinity, 1])).toEqual([1, 3]);
    expect(extent([NaN])).toEqual([0, 1]);
  });
});

describe('charts', () => {
  it('a line goes through its points and breaks where a value is missing', () => {
    const points = [
      [0, 0],
      [5, 10],
      [6, NaN],
      [8, 0],
      [10, 10],
    ] as const;
    const paths = named(lineChart({ ...axes, series: [{ name: 'a', points }] }), 'path').map(({ d }) => d!);
    expect(paths.length).toBe(2);
    const [[x0, y0], [x5, y10]] = paths[0]!
      .slice(1)
      .split('L')
      .map((pair) => pair.split(' ').map(Number)) as [number[], number[]];
    const [[x8, y0again], [x10, y10again]] = paths[1]!
      .slice(1)
      .split('L')
      .map((pair) => pair.split(' ').map(Number)) as [number[], number[]];
    expect([y0again, y10again]).toEqual([y0, y10]);
    expect((x8! - x0!) / (x10! - x0!)).toBeCloseTo(0.8, 2);
    expect((x5! - x0!) / (x10! - x0!)).toBeCloseTo(0.5, 2);
    expect(y10).toBeLessThan(y0!);
  });

  it('draws a band, a legend for several series, a dot for a single point, words for none', () => {
    const two = lineChart({
      ...axes,
      series: [
        {
          name: 'a',
          points: [
            [0, 1, 0.5],
            [1, 2, 0.5],
          ],
        },
        { name: 'b', points: [[0, 1]] },
      ],
    });
    expect(named(two, 'path').filter((path) => path['fill-opacity'] === '0.18').length).toBe(1);
    expect(named(two, 'circle').length).toBe(1);
    expect(texts(two)).toEqual(expect.arrayContaining(['a', 'b', 'T', 'epoch', 'nats/example']));
    expect(texts(lineChart({ ...axes, series: [{ name: 'alone', points: [] }] }))).toContain('no data');
  });

  it('bars stand on zero with heights in proportion', () => {
    const bars = [
      { label: '3', value: 4 },
      { label: '1', value: 2, muted: true },
      { label: '0', value: NaN },
    ];
    const rects = named(barChart({ ...axes, bars }), 'rect').slice(1);
    expect(rects.map(({ height }) => Number(height) / Number(rects[0]!.height))).toEqual([1, 0.5, 0]);
    expect(rects[0]!.fill).not.toBe(rects[1]!.fill);
    expect(Number(rects[1]!.y) + Number(rects[1]!.height)).toBeCloseTo(
      Number(rects[0]!.y) + Number(rects[0]!.height),
      1,
    );
  });

  it('labels that would collide stand on two lines, and are left out where that is not enough', () => {
    const chartOf = (count: number, width: number) => {
      const bars = Array.from({ length: count }, (_, i) => ({ label: `name-${i + 10}`, value: i + 1 }));
      return named(barChart({ ...axes, width, bars }), 'text').filter((each) => each['font-size'] === '11');
    };
    const lines = (count: number, width: number) => new Set(chartOf(count, width).map(({ y }) => y)).size;
    expect([chartOf(4, 560).length, lines(4, 560)]).toEqual([4, 1]);
    expect([chartOf(12, 560).length, lines(12, 560)]).toEqual([12, 2]);
    expect([chartOf(40, 560).length, lines(40, 560)]).toEqual([14, 2]);
  });

  it('a histogram counts every finite value once', () => {
    const svg = histogram({ ...axes, bins: 4, values: [0, 0.1, 0.9, 1, 2, 4, NaN] });
    const heights = named(svg, 'rect')
      .slice(1)
      .map(({ height }) => Number(height));
    [3, 1, 1, 1].forEach((count, i) => {
      expect(heights[i]! / heights[3]!).toBeCloseTo(count, 2);
    });
    expect(texts(svg)).toContain('left out because not finite: 1');
    expect(() => histogram({ ...axes, bins: 0, values: [] })).toThrow(/bins/);
    expect(named(histogram({ ...axes, values: [2, 2] }), 'rect').length).toBe(31);
  });

  it('a scatter plot draws at most 3000 points and says so; colours follow labels', () => {
    const n = 10_000;
    const points = Float32Array.from({ length: 2 * n }, (_, i) => Math.sin(i * i));
    const svg = scatterPlot({
      ...axes,
      points,
      labels: Array.from({ length: n }, (_, i) => i % 3),
      classNames: ['cat', 'dog'],
    });
    expect(named(svg, 'circle').length).toBe(3000);
    expect(new Set(named(svg, 'circle').map(({ fill }) => fill))).toEqual(new Set(palette.slice(0, 3)));
    expect(texts(svg)).toContain('3,000 of 10,000 points drawn');
    for (const name of ['cat', 'dog', '2'])
      expect(texts(svg).filter((each) => each === name).length, 'in the legend and at the class').toBe(2);
    expect(() => scatterPlot({ ...axes, points: new Float32Array(3) })).toThrow(/two coordinates/);
    expect(() => scatterPlot({ ...axes, points: new Float32Array(4), labels: [1] })).toThrow(/one label a point/);
  });

  it('any text stays text and the SVG stays well formed', () => {
    const any = fc.oneof(fc.string({ unit: 'binary' }), fc.constant('</text><script>alert(1)</script>&"\''));
    fc.assert(
      fc.property(any, fc.array(fc.tuple(any, fc.double()), { maxLength: 5 }), (text, pairs) => {
        const common = { title: text, x: { label: text }, y: { label: text } };
        const values = pairs.map(([, value]) => value);
        for (const svg of [
          lineChart({
            ...common,
            series: pairs.map(([name, value]) => ({
              name,
              points: [
                [0, value],
                [value, 1],
              ],
            })),
          }),
          barChart({ ...common, bars: pairs.map(([label, value]) => ({ label, value })), caption: text }),
          histogram({ ...common, values }),
          scatterPlot({
            ...common,
            points: Float64Array.from([...values, ...values]),
            labels: values.map((_, i) => i),
            classNames: [text],
          }),
        ]) {
          expect(elementsOf(svg)[0]![0]).toBe('svg');
          expect(svg).not.toMatch(/<script|NaN|Infinity|undefined/);
        }
      }),
    );
  });
});

describe('palette', () => {
  const luminance = (color: string) => {
    const linear = (i: number) => {
      const value = Number.parseInt(color.slice(i, i + 2), 16) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * linear(1) + 0.7152 * linear(3) + 0.0722 * linear(5);
  };
  const contrast = (a: string, b: string) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
    return (high + 0.05) / (low + 0.05);
  };

  it.each(palette)('%s stands out on white', (color) => expect(contrast(color, ink.background)).toBeGreaterThan(3));
  it.each(darkPalette)('%s stands out on the dark page', (color) =>
    expect(contrast(color, '#15181d')).toBeGreaterThan(3));
  it.each([ink.text, ink.muted])('text in %s can be read', (color) =>
    expect(contrast(color, ink.background)).toBeGreaterThan(4.5));
});
