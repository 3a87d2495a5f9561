// Converts rows of panels to the JSON of a dashboard, for Grafana 11 and 12.

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

export type Row = { title: string; panels: readonly Panel[] };

export type Dashboard = { uid: string; title: string; description: string; rows: readonly Row[] };

const dataSource = { type: "prometheus", uid: "$datasource" } as const;

/** Returns the steps of a panel with one threshold, such as that of an alert: green below it. */
export const above = (from: number, color: Step["color"] = "red"): readonly Step[] => [{ from, color }];

export function toJson({ uid, title, description, rows }: Dashboard): string {
  const dashboard = {
    uid,
    title,
    description,
    tags: ["haven"],
    editable: false,
    graphTooltip: 1,
    refresh: "30s",
    schemaVersion: 39,
    time: { from: "now-1h", to: "now" },
    timezone: "browser",
    version: 1,
    links: [
      {
        type: "dashboards",
        title: "Haven",
        tags: ["haven"],
        asDropdown: false,
        includeVars: true,
        keepTime: true,
        targetBlank: false,
        icon: "dashboard",
        tooltip: "",
        url: "",
      },
    ],
    annotations: { list: [restarts] },
    templating: { list: variables },
    panels: layOut(rows),
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

const restarts = {
  name: "Starts of instances",
  datasource: dataSource,
  enable: true,
  iconColor: "blue",
  expr: 'changes(process_start_time_seconds{job="haven-api", instance=~"$instance"}[1m]) > 0',
  titleFormat: "{{instance}} started",
};

const variables = [
  { name: "datasource", label: "Data source", type: "datasource", query: "prometheus", refresh: 1, hide: 0 },
  {
    name: "instance",
    label: "Instance",
    type: "query",
    datasource: dataSource,
    query: { query: 'label_values(up{job="haven-api"}, instance)', refId: "instance" },
    definition: 'label_values(up{job="haven-api"}, instance)',
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: ".+",
    current: { selected: true, text: ["All"], value: ["$__all"] },
    hide: 0,
  },
  {
    name: "interval",
    label: "Interval",
    type: "interval",
    // The shortest interval contains four scrapes.
    query: "1m,5m,15m,1h,6h",
    auto: false,
    current: { selected: true, text: "5m", value: "5m" },
    options: ["1m", "5m", "15m", "1h", "6h"].map((value) => ({ selected: value === "5m", text: value, value })),
    refresh: 2,
    hide: 0,
  },
];

const columns = 24;
const heights: Readonly<Record<Panel["kind"], number>> = {
  stat: 4,
  bargauge: 8,
  timeseries: 8,
  "state-timeline": 8,
  table: 8,
  heatmap: 8,
};

function layOut(rows: readonly Row[]): object[] {
  const laid: object[] = [];
  let y = 0;
  for (const row of rows) {
    const gridPos = { h: 1, w: columns, x: 0, y };
    laid.push({ id: laid.length + 1, type: "row", title: row.title, collapsed: false, gridPos, panels: [] });
    y += 1;
    let x = 0;
    let lineHeight = 0;
    for (const panel of row.panels) {
      const h = heights[panel.kind];
      if (x + panel.width > columns) {
        x = 0;
        y += lineHeight;
        lineHeight = 0;
      }
      laid.push({ id: laid.length + 1, gridPos: { h, w: panel.width, x, y }, ...toPanel(panel) });
      x += panel.width;
      lineHeight = Math.max(lineHeight, h);
    }
    y += lineHeight;
  }
  return laid;
}

function toPanel(panel: Panel): object {
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
