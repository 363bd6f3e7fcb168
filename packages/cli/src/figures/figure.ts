import type { ReportFigure } from 'reparam/plot';
import type { FigureContext } from './context.ts';

/** A figure and the name of its file, without an ending. */
export interface Figure extends ReportFigure {
  readonly file: string;
}

/** A kind of figure. */
export interface FigureKind {
  readonly name: string;
  /** What it shows, in a few words. */
  readonly summary: string;
  /** Why it cannot be drawn from this model and these data; undefined when it can. */
  missing(context: FigureContext): string | undefined;
  draw(context: FigureContext): Promise<Figure[]>;
}
