import { type Content, element } from '../svg/markup.ts';
import { ink } from '../svg/palette.ts';
import { arrow, box, node, type Point } from '../svg/shapes.ts';
import { sheet, sheetTop } from '../svg/sheet.ts';
import { text } from '../svg/text.ts';

/** What the computation of one training step looks like for a posterior. */
export interface ComputationOptions {
  readonly title?: string;
  /** Outputs of the encoder, for example `μ, σ`. */
  readonly statistics?: string;
  /** How z is drawn before reparameterisation, for example `z ~ N(μ, σ²)`. */
  readonly draw?: string;
  /** How z follows from noise, for example `z = μ + σ ⊙ ε`. */
  readonly transform?: string;
  /** Where the noise comes from, for example `ε ~ N(0, I)`. */
  readonly noise?: string;
}

const [blocked, flowing] = ['#f2454f', '#0d9669'];

/** The computation graph before and after reparameterisation side by side as SVG: values go up, gradients come down. */
export function computationDiagram(options: ComputationOptions = {}): string {
  const { statistics = 'μ, σ', draw = 'z ~ N(μ, σ²)', transform = 'z = μ + σ · ε', noise = 'ε ~ N(0, I)' } = options;
  const [panel, first] = [330, 14];
  const levels = { f: 100, decoder: 168, z: 250, statistics: 342, encoder: 410, x: 474 };
  const content: Content[] = [];
  for (const isAfter of [false, true]) {
    const x = first + panel * (isAfter ? 1 : 0) + 130;
    const up = (from: number, to: number) => content.push(arrow([x - 12, from], [x - 12, to]));
    const down = (from: number, to: number, passes: boolean) => {
      const look = { color: passes ? flowing : blocked, className: passes ? 'rp-flow' : 'rp-block', dashed: true };
      content.push(arrow([x + 12, from], [x + 12, to], look));
    };
    content.push(
      text(x, sheetTop + 18, isAfter ? 'after: the noise is an input' : 'before: z is drawn inside', {
        'text-anchor': 'middle',
        fill: ink.text,
        class: 'rp-text',
        'font-size': 13,
        'font-weight': 600,
      }),
    );
    up(levels.x - 20, levels.encoder + 17);
    up(levels.encoder - 17, levels.statistics + 17);
    up(levels.statistics - 17, levels.z + (isAfter ? 19 : 44));
    up(levels.z - (isAfter ? 19 : 44), levels.decoder + 17);
    up(levels.decoder - 17, levels.f + 17);
    down(levels.f + 17, levels.decoder - 17, true);
    down(levels.decoder + 17, levels.z - (isAfter ? 19 : 44), true);
    if (isAfter) {
      down(levels.z + 19, levels.statistics - 17, true);
      down(levels.statistics + 17, levels.encoder - 17, true);
    } else {
      const y = (levels.z + 44 + levels.statistics - 17) / 2;
      content.push(cross([x + 12, y]));
      content.push(text(x + 26, y + 4, 'no gradient', { fill: blocked, class: 'rp-block', 'font-size': 11 }));
    }
    content.push(
      box(x, levels.f, 190, 34, ['f: log p(x|z)'], 'plain'),
      box(x, levels.decoder, 190, 34, ['decoder θ'], 'plain'),
      isAfter
        ? box(x, levels.z, 150, 38, [transform], 'plain')
        : node(
            x,
            levels.z,
            44,
            draw.split(' ~ ').map((part, i) => (i ? `~ ${part}` : part)),
            'random',
            13,
          ),
      box(x, levels.statistics, 190, 34, [statistics], 'plain'),
      box(x, levels.encoder, 190, 34, ['encoder φ'], 'plain'),
      box(x, levels.x, 80, 34, ['x'], 'observed'),
    );
    if (isAfter) {
      const at: Point = [x + 150, levels.z];
      content.push(arrow([at[0] - 44, at[1]], [x + 75, levels.z]));
      content.push(
        node(
          ...at,
          44,
          noise.split(' ~ ').map((part, i) => (i ? `~ ${part}` : part)),
          'random',
          13,
        ),
      );
    }
  }
  return sheet(
    {
      title: options.title ?? 'Reparameterisation',
      caption:
        'Solid: values. Dashed: gradients. A draw inside the graph (blue circle) lets no gradient through to φ. As a function of noise that is an input, z is an ordinary value, and the gradient of f reaches the encoder.',
      width: 2 * panel + 40,
      height: levels.x + 28 - sheetTop,
    },
    content,
  );
}

const cross = ([x, y]: Point) =>
  element('path', {
    d: `M${x - 6} ${y - 6}L${x + 6} ${y + 6}M${x + 6} ${y - 6}L${x - 6} ${y + 6}`,
    stroke: blocked,
    class: 'rp-block',
    'stroke-width': 3,
    fill: 'none',
  });
