import { darkPalette } from '../svg/palette.ts';

const darkSeries = darkPalette
  .map((color, i) => `.rp-fill-${i}{fill:${color}}.rp-stroke-${i}{stroke:${color}}`)
  .join('');

/** The page's style sheet. Charts carry light colours of their own; on dark their classes are recoloured here. */
export const reportStyle = `
:root{color-scheme:light dark;--paper:#fff;--card:#fff;--text:#1c2024;--muted:#60646c;--line:#e3e5e9;--warn:#fff4d6;--warn-line:#e2b203}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--text);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1180px;margin:0 auto;padding:2.5rem 1.25rem 4rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .6rem}
h2{font-size:1.2rem;margin:2.6rem 0 .8rem;padding-bottom:.35rem;border-bottom:1px solid var(--line)}
p{margin:.4rem 0;max-width:75ch}
.lead{font-size:1.08rem}.muted,figcaption{color:var(--muted)}
.warning{background:var(--warn);border-left:4px solid var(--warn-line);padding:.6rem .9rem;border-radius:4px;margin:.8rem 0}
.scroll{overflow-x:auto}
table{border-collapse:collapse}
th,td{text-align:left;vertical-align:top;padding:.4rem 1rem .4rem 0;border-bottom:1px solid var(--line)}
th{font-weight:600}thead th{color:var(--muted);font-size:.85rem;font-weight:500}
td.figure{font-size:1.08rem;font-weight:600}.figure{text-align:right;white-space:nowrap}
.error{text-align:left;white-space:nowrap;color:var(--muted)}
.nested th{color:var(--muted);font-weight:500;white-space:nowrap}.nested td{overflow-wrap:anywhere}.nested table th,.nested table td{padding-top:.15rem;padding-bottom:.15rem}
.nested table tr:last-child>*{border-bottom:0}
.charts,.pictures{display:grid;gap:1.1rem;align-items:start}.charts{grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr))}.pictures{grid-template-columns:repeat(auto-fit,minmax(min(100%,430px),1fr))}
figure{margin:0;border:1px solid var(--line);border-radius:8px;background:var(--card);overflow:hidden}
.chart{overflow-x:auto}.chart svg{display:block;width:100%;min-width:300px;height:auto}.wide svg{min-width:640px}.plane{max-width:760px;margin-top:1.1rem}.plane svg{min-width:440px}
.figures{display:grid;gap:1.1rem;align-items:start;grid-template-columns:repeat(auto-fit,minmax(min(100%,520px),1fr))}figure.figure{text-align:left;white-space:normal}.figure svg{width:auto;max-width:100%;min-width:0}.figure figcaption{padding:0 1rem .9rem}
.picture{padding:.9rem 1rem}.picture img{display:block;max-width:100%;height:auto;border-radius:3px}
.picture strong{display:block;margin-bottom:.6rem}figcaption{font-size:.9rem;margin-top:.6rem}
dl{margin:0;max-width:80ch}dt{font-weight:600;margin-top:.9rem}dd{margin:.15rem 0 0}
footer{margin-top:3rem;color:var(--muted);font-size:.85rem}
@media (max-width:560px){main{padding:1.5rem .9rem 3rem}.meaning{display:none}}
@media (prefers-color-scheme:dark){
:root{--paper:#15181d;--card:#1a1e24;--text:#e8eaed;--muted:#a3a9b3;--line:#2e343d;--warn:#3a3113;--warn-line:#c99a06}
.rp-background{fill:transparent}.rp-text{fill:#e8eaed}.rp-muted{fill:#a3a9b3}.rp-grid{stroke:#2e343d}.rp-axis{stroke:#767d89}.rp-idle{fill:#767d89}.rp-name{fill:#fff;stroke:#1a1e24}.rp-line{stroke:#e8eaed}.rp-shape,.rp-shape-random{fill:#1a1e24}.rp-shape-observed{fill:#3a414c}.rp-edge{fill:#a3a9b3;stroke:#a3a9b3}
${darkSeries}
}`;
