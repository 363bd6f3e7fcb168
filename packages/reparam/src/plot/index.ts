export { lineDensity } from './density.ts';
export { architectureDiagram, type DescribedModel } from './diagrams/architecture.ts';
export { type ComputationOptions, computationDiagram } from './diagrams/computation.ts';
export { type PlateOptions, plateDiagram } from './diagrams/plate.ts';
export {
  encodePng,
  type GridOptions,
  type Image,
  type ImageSize,
  imageGrid,
  manifoldGrid,
  type Pixels,
  pairsGrid,
  stripGrid,
} from './png.ts';
export { type Plane, principalPlane } from './principalComponents.ts';
export { klChart, latentChart, learningCurves } from './report/charts.ts';
export { type FigurePage, figurePage, type PageFigure, type PageTable } from './report/figurePage.ts';
export { reportHtml } from './report/reportHtml.ts';
export type {
  BoundTerms,
  EpochTerms,
  LatentCodes,
  ReportFigure,
  ReportPicture,
  RunReport,
  TestFigure,
} from './report/runReport.ts';
export {
  type AggregateContoursOptions,
  aggregateContours,
  type QuantilePair,
  quantileChart,
} from './svg/aggregateChart.ts';
export { type Bar, type BarChartOptions, barChart, type HistogramOptions, histogram } from './svg/barChart.ts';
export { type ComparedHistogramsOptions, comparedHistograms } from './svg/comparedHistograms.ts';
export { type CovarianceEllipse, covarianceEllipse } from './svg/covarianceEllipse.ts';
export type { AxisOptions, ChartOptions } from './svg/frame.ts';
export { type HeatMapOptions, heatMap } from './svg/heatMap.ts';
export { imageFigure } from './svg/imageFigure.ts';
export { type LatentHistogramsOptions, latentHistograms } from './svg/latentHistograms.ts';
export { type LineChartOptions, type LinePoint, type LineSeries, lineChart } from './svg/lineChart.ts';
export { type PictureCell, type PictureRow, type PictureTableOptions, pictureTable } from './svg/pictureTable.ts';
export { type ScatterPlotOptions, scatterPlot } from './svg/scatterPlot.ts';
export { sideBySide, withCaption } from './svg/sideBySide.ts';
