import { dataSource, type Panel, toPanel } from "./panel.ts";

// Converts rows of panels to the JSON of a dashboard, for Grafana 11 and 12.

export type Row = { title: string; panels: readonly Panel[] };

export type Dashboard = { uid: string; title: string; description: string; rows: readonly Row[] };

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
  const placed: object[] = [];
  let y = 0;
  for (const row of rows) {
    const gridPos = { h: 1, w: columns, x: 0, y };
    placed.push({ id: placed.length + 1, type: "row", title: row.title, collapsed: false, gridPos, panels: [] });
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
      placed.push({ id: placed.length + 1, gridPos: { h, w: panel.width, x, y }, ...toPanel(panel) });
      x += panel.width;
      lineHeight = Math.max(lineHeight, h);
    }
    y += lineHeight;
  }
  return placed;
}
