const voids = new Set(['meta', 'img', '!doctype']);

/** The elements of markup in order, as [name, attributes]; throws when tags do not balance or text holds a bare < or &. */
export function elementsOf(markup: string): [name: string, attributes: Record<string, string>][] {
  const open: string[] = [];
  const found: [string, Record<string, string>][] = [];
  let position = 0;
  const tag = /<(\/?)([a-zA-Z!][\w-]*)((?:\s+[\w:-]+(?:="[^"<]*")?)*)\s*>/g;
  const checkText = (text: string) => {
    if (open.at(-1) === 'style') return;
    if (/[<>]|&(?!#\d+;)/.test(text)) throw new Error(`bare character in: ${text.slice(0, 80)}`);
  };
  for (const match of markup.matchAll(tag)) {
    checkText(markup.slice(position, match.index));
    position = match.index + match[0].length;
    const [, closing, name, attributes] = match as unknown as [string, string, string, string];
    if (closing) {
      const expected = open.pop();
      if (expected !== name) throw new Error(`</${name}> closes <${expected}>`);
      continue;
    }
    const pairs = [...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)].map((each) => [each[1]!, each[2]!] as const);
    if (new Set(pairs.map(([key]) => key)).size !== pairs.length) throw new Error(`attribute twice in ${match[0]}`);
    found.push([name, Object.fromEntries(pairs)]);
    if (!voids.has(name)) open.push(name);
  }
  checkText(markup.slice(position));
  if (open.length) throw new Error(`not closed: ${open.join(' ')}`);
  return found;
}
