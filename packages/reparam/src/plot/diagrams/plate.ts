import { type Content, element } from '../svg/markup.ts';
import { ink } from '../svg/palette.ts';
import { arrow, node, type Point } from '../svg/shapes.ts';
import { sheet } from '../svg/sheet.ts';
import { text } from '../svg/text.ts';

/** Which variables a model has. */
export interface PlateOptions {
  readonly title?: string;
  /** Layers of latent variables, z1 next to the data; default 1. */
  readonly layers?: number;
  /** Whether every example comes with a condition c. */
  readonly conditional?: boolean;
  /** Whether p(z) is given c too, not only p(x|z). */
  readonly conditionalPrior?: boolean;
}

/** A model as a graph of variables, those of one example on a plate of N, as SVG: solid arrows generate, dashed ones infer. */
export function plateDiagram(options: PlateOptions = {}): string {
  const { layers = 1, conditional = false, conditionalPrior = false } = options;
  const names = Array.from({ length: layers }, (_, i) => (layers === 1 ? 'z' : `z${subscript(layers - i)}`));
  const [column, radius, step] = [210, 26, 104];
  const at = (i: number): Point => [column, 100 + i * step];
  const data = at(layers);
  const condition: Point = [column + 120, at(0)[1] + (layers * step) / 2];
  const plate = { x: column - 90, y: 56, width: conditional ? 270 : 180, height: data[1] + 62 - 56 };
  const below = ([x, y]: Point): Point => [x, y + radius];
  const above = ([x, y]: Point): Point => [x, y - radius];
  const content: Content[] = [
    element('rect', { ...plate, rx: 10, fill: 'none', stroke: ink.axis, class: 'rp-axis', 'stroke-width': 1.4 }),
    text(plate.x + plate.width - 12, plate.y + plate.height - 10, 'N', { 'text-anchor': 'end', 'font-size': 14 }),
  ];
  for (let i = 0; i < layers; i++) {
    const [from, to] = [at(i), at(i + 1)];
    content.push(arrow(below(from), above(to)));
    // Inference goes up on the left.
    content.push(
      arrow([to[0] - 18, to[1] - 19], [from[0] - 18, from[1] + 19], {
        dashed: true,
        bend: 20,
        color: '#1536ef',
        className: 'rp-infer',
      }),
    );
  }
  const theta: Point = [plate.x + plate.width + 52, data[1]];
  const phi: Point = [plate.x - 52, at(layers - 1)[1] + step / 2];
  content.push(arrow([theta[0] - 14, theta[1]], [data[0] + radius, data[1]]));
  content.push(
    arrow([phi[0] + 14, phi[1]], [column - 48, phi[1]], { dashed: true, color: '#1536ef', className: 'rp-infer' }),
  );
  content.push(
    text(theta[0], theta[1] + 5, 'θ', { 'text-anchor': 'middle', 'font-size': 16, fill: ink.text, class: 'rp-text' }),
  );
  content.push(
    text(phi[0], phi[1] + 5, 'φ', { 'text-anchor': 'middle', 'font-size': 16, fill: ink.text, class: 'rp-text' }),
  );
  if (conditional) {
    content.push(arrow([condition[0] - 18, condition[1] + 19], [data[0] + 22, data[1] - 14]));
    if (conditionalPrior) content.push(arrow([condition[0] - 18, condition[1] - 19], [at(0)[0] + 22, at(0)[1] + 14]));
    content.push(node(...condition, radius, ['c'], 'observed', 17));
  }
  names.forEach((name, i) => {
    content.push(node(...at(i), radius, [name], 'plain', 17));
  });
  content.push(node(...data, radius, ['x'], 'observed', 17));
  return sheet(
    {
      title: options.title ?? 'Plate diagram',
      caption: `Solid: the model, ${formula(names, conditional, conditionalPrior)}. Dashed: the inference network, ${inference(names, conditional)}. Grey variables are observed; what lies on the plate is there once for each of the N examples.`,
      width: theta[0] + 60,
      height: plate.y + plate.height + 12 - 36,
    },
    content,
  );
}

function formula(names: readonly string[], conditional: boolean, conditionalPrior: boolean): string {
  const c = conditional ? ', c' : '';
  const prior = `p(${names[0]}${conditionalPrior ? '|c' : ''})`;
  const chain = names.slice(1).map((name, i) => `p(${name}|${names[i]})`);
  return [prior, ...chain, `p(x|${names.at(-1)}${c})`].join(' · ');
}

function inference(names: readonly string[], conditional: boolean): string {
  const up = [...names].reverse();
  return up.map((name, i) => `q(${name}|${i === 0 ? `x${conditional ? ', c' : ''}` : up[i - 1]})`).join(' · ');
}

const subscript = (n: number): string => String(n).replace(/\d/g, (digit) => '₀₁₂₃₄₅₆₇₈₉'[Number(digit)]!);
