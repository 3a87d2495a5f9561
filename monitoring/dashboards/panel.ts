// Converts a panel to the JSON of Grafana 11 and 12, without its position.

export type Query = { expr: string; legend?: string };

/** The color of values from `from` on. Values below the first step are green, unless the first step begins at null. */
export type Step = { from: number | null; color: "green" | "yellow" | "orange" | "red" | "blue" };

export type Panel = {
  title: string;
  /** What the panel shows, and how to interpret it. */
  description: string;
  kind: "timeseries" | "stat" | "bargauge" | "state-timeline" | "table" | "heatmap";
  /** The unit, in Grafana's terms: reqps, s, bytes, percentunit (1 is 100 %), short. */
  unit: string;
  queries: readonly Query[];
  /** In columns; a row has 24. */
  width: 4 | 6 | 8 | 12 | 24;
  thresholds?: readonly Step[];
  /** The text and color for each number of a metric whose numbers are states. */
  states?: Readonly<Record<number, readonly [text: string, color: Step["color"]]>>;
  min?: number;
  max?: number;
  stacked?: boolean;
  decimals?: number;
};

export const dataSource = { type: "prometheus", uid: "$datasource" } as const;

/** Returns the steps of a panel with one threshold, such as that of an alert: green below it. */
export const above = (from: number, color: Step["color"] = "red"): readonly Step[] => [{ from, color }];

export function toPanel(panel: Panel): object {
  const { kind, title, description, queries } = panel;
  // These kinds show the current value, not values over time.
  const instant = kind === "stat" || kind === "table" || kind === "bargauge";
  const targets = queries.map(({ expr, legend }, index) => ({
    refId: String.fromCharCode(65 + index),
    datasource: dataSource,
    editorMode: "code",
    expr,
    legendFormat: legend ?? "__auto",
    instant,
    range: !instant,
    ...(kind === "table" ? { format: "table" } : {}),
    ...(kind === "heatmap" ? { format: "heatmap" } : {}),
  }));
  return {
    type: kind,
    title,
    description,
    datasource: dataSource,
    fieldConfig: { defaults: fieldDefaults(panel), overrides: [] },
    options: optionsOf(kind),
    targets,
    ...(kind === "table" ? { transformations: tableColumns } : {}),
  };
}

function fieldDefaults({ kind, unit, thresholds = [], states, min, max, decimals, stacked = false }: Panel): object {
  const steps = thresholds.map(({ from, color }) => ({ color: String(color), value: from }));
  if (steps[0]?.value !== null) steps.unshift({ color: steps.length > 0 ? "green" : "text", value: null });
  return {
    unit,
    color: { mode: kind === "timeseries" ? "palette-classic" : "thresholds" },
    thresholds: { mode: "absolute", steps },
    mappings: states === undefined ? [] : [{ type: "value", options: stateOptions(states) }],
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(decimals === undefined ? {} : { decimals }),
    ...(kind === "timeseries" ? { custom: lines(stacked, thresholds.length > 0) } : {}),
  };
}

const lines = (stacked: boolean, withThresholds: boolean) => ({
  drawStyle: "line",
  lineWidth: 1,
  fillOpacity: stacked ? 30 : 5,
  showPoints: "never",
  spanNulls: false,
  stacking: { mode: stacked ? "normal" : "none", group: "A" },
  thresholdsStyle: { mode: withThresholds ? "dashed" : "off" },
});

const stateOptions = (states: NonNullable<Panel["states"]>) =>
  Object.fromEntries(Object.entries(states).map(([value, [text, color]], index) => [value, { text, color, index }]));

function optionsOf(kind: Panel["kind"]): object {
  const hidden = { showLegend: false, displayMode: "list", placement: "bottom", calcs: [] };
  const now = { values: false, calcs: ["lastNotNull"], fields: "" };
  switch (kind) {
    case "stat":
      return { reduceOptions: now, colorMode: "value", graphMode: "none", textMode: "auto", justifyMode: "auto" };
    case "bargauge":
      return { reduceOptions: now, orientation: "horizontal", displayMode: "gradient", showUnfilled: true };
    case "state-timeline":
      return {
        mergeValues: true,
        showValue: "auto",
        rowHeight: 0.9,
        alignValue: "left",
        legend: hidden,
      };
    case "table":
      return { showHeader: true, cellHeight: "sm" };
    case "heatmap":
      return {
        calculate: false,
        cellGap: 1,
        color: {
          mode: "scheme",
          scheme: "Oranges",
          fill: "dark-orange",
          scale: "exponential",
          exponent: 0.5,
          steps: 64,
          reverse: false,
        },
        yAxis: { unit: "s" },
        tooltip: { mode: "single", yHistogram: true },
        legend: { show: true },
      };
    case "timeseries":
      return {
        legend: { displayMode: "table", placement: "bottom", showLegend: true, calcs: ["lastNotNull", "max"] },
        tooltip: { mode: "multi", sort: "desc" },
      };
  }
}

const tableColumns = [
  {
    id: "organize",
    options: {
      excludeByName: { Time: true, Value: true, __name__: true, job: true, alertstate: true },
      indexByName: {},
    },
  },
];
