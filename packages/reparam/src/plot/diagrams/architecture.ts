import type { Content } from '../svg/markup.ts';
import { arrow, box, node } from '../svg/shapes.ts';
import { sheet, sheetTop } from '../svg/sheet.ts';
import { text } from '../svg/text.ts';
import { textWidth, wrapText } from '../svg/textLines.ts';

/** What a diagram says of a model: `LatentModel` has all of it. */
export interface DescribedModel {
  readonly dataShape: readonly number[];
  readonly latentDim: number;
  readonly conditionSize?: number | undefined;
  describe(): Readonly<Record<'prior' | 'posterior' | 'likelihood' | 'encoder' | 'decoder', string>>;
}

/** The layers in a module's description, those that only transform values joined to the layer before them. */
export function layersOf(description: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i <= description.length; i++) {
    const letter = description[i];
    if (letter === '(' || letter === '[') depth++;
    else if (letter === ')' || letter === ']') depth--;
    else if (letter === undefined || (letter === ',' && depth === 0 && description[i + 1] === ' ')) {
      parts.push(description.slice(start, i).trim());
      start = i + 1;
    }
  }
  const layers: string[] = [];
  for (const part of parts) {
    if (layers.length > 0 && !part.includes('→')) layers[layers.length - 1] += `, ${part}`;
    else layers.push(part);
  }
  return layers;
}

const [columnWidth, gap, lineHeight] = [300, 26, 16];

/** The layers of a model, encoder down the left side and decoder up the right, as SVG. */
export function architectureDiagram(model: DescribedModel, title = 'Architecture'): string {
  const { prior, posterior, likelihood, encoder, decoder } = model.describe();
  const shape = model.dataShape.join(' × ');
  const lines = (words: string) => wrapText(words, columnWidth - 24);
  const boxHeight = (words: readonly string[]) => 14 + lineHeight * words.length;
  const left = [[`x: ${shape}`], ...layersOf(encoder).map(lines), lines(`q(z|x): ${posterior}`)];
  const right = [...layersOf(decoder).map(lines), lines(`p(x|z): ${likelihood}`), [`x: ${shape}`]].reverse();
  const tall = (column: readonly (readonly string[])[]) =>
    column.reduce((sum, words) => sum + boxHeight(words), 0) + gap * (column.length - 1);
  const height = Math.max(tall(left), tall(right));
  const top = sheetTop + 10;
  const middles = [14 + columnWidth / 2, 14 + columnWidth * 1.5 + 40] as const;
  const centre = (middles[0] + middles[1]) / 2;
  const zAt = [centre, top + height + 52] as const;
  const content: Content[] = [];
  [left, right].forEach((column, side) => {
    const x = middles[side]!;
    // Both columns end at the bottom, where the code is.
    let y = top + height - tall(column);
    column.forEach((words, i) => {
      const tallness = boxHeight(words);
      content.push(box(x, y + tallness / 2, columnWidth, tallness, words, i === 0 ? 'observed' : 'plain'));
      if (i > 0) content.push(side === 0 ? arrow([x, y - gap], [x, y]) : arrow([x, y], [x, y - gap]));
      y += tallness + gap;
    });
  });
  const bottom = top + height;
  content.push(arrow([middles[0], bottom], [zAt[0] - 29, zAt[1]], { bend: -14 }));
  content.push(arrow([zAt[0] + 29, zAt[1]], [middles[1], bottom], { bend: -14 }));
  content.push(node(...zAt, 28, ['z'], 'random'));
  content.push(text(zAt[0], zAt[1] - 36, `${model.latentDim} numbers`, { 'text-anchor': 'middle' }));
  content.push(text(zAt[0], zAt[1] + 46, `prior p(z): ${prior}`, { 'text-anchor': 'middle' }));
  if (model.conditionSize !== undefined) {
    content.push(
      text(
        zAt[0],
        zAt[1] + 64,
        `encoder, decoder and prior may also see the condition c (${model.conditionSize} numbers)`,
        {
          'text-anchor': 'middle',
        },
      ),
    );
  }
  const width = Math.max(middles[1] + columnWidth / 2 + 14, textWidth(prior) + 160);
  return sheet({ title, width, height: zAt[1] + (model.conditionSize === undefined ? 58 : 76) - sheetTop }, content);
}
