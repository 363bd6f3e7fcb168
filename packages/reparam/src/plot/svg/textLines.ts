/** Pixels a character takes at most places in the font of the charts, as a share of the font's size. */
const characterWidth = 0.56;

/** About how wide `text` is in pixels. */
export const textWidth = (text: string, size = 12): number => characterWidth * size * [...text].length;

/** `text` in lines of at most `width` pixels, broken at spaces. */
export function wrapText(text: string, width: number, size = 12): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const joined = lines.length ? `${lines.at(-1)} ${word}` : word;
    if (lines.length && textWidth(joined, size) <= width) lines[lines.length - 1] = joined;
    else lines.push(word);
  }
  return lines;
}
