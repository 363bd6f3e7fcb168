/** Markup that is already escaped; a plain string given as content is escaped. */
export interface Markup {
  readonly markup: string;
}

/** Anything that may stand between two tags. */
export type Content = Markup | string | number | readonly Content[];

/** Text made safe for element content and quoted attributes of HTML and SVG; characters XML forbids are dropped. */
export function escapeText(text: string): string {
  return (
    text
      .replace(/\p{Surrogate}/gu, '\ufffd')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 allows no other control characters
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
      .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
  );
}

/** Text of `content`, escaped where it is not markup. */
export function render(content: Content): string {
  if (typeof content === 'object') return 'markup' in content ? content.markup : content.map(render).join('');
  return typeof content === 'number' ? formatAttribute(content) : escapeText(content);
}

/** One element; attributes that are undefined are left out, numbers are written with at most two decimals. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  ...content: Content[]
): Markup {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? formatAttribute(value) : escapeText(value!)}"`)
    .join('');
  return { markup: `<${name}${written}>${render(content)}</${name}>` };
}

const formatAttribute = (value: number): string => String(Math.round(value * 100) / 100);
