import { baseStyle, readStyles } from "../../core/page/browser-files.ts";

const shapes = `
.empty{color:var(--soft)}
.cards+.empty{margin-top:1rem}
.good{--tone:var(--good)}
.warn{--tone:var(--warn)}
.bad{--tone:var(--bad)}
.calm{--tone:var(--calm)}
.shape{width:1em;height:1em;flex:none;vertical-align:-.125em}
.cut{stroke:var(--cut)}
.state{color:var(--tone);font-weight:600;white-space:nowrap}
.state .shape{margin-right:.375em}
`;

const top = `
.top .wrap{display:flex;flex-wrap:wrap;align-items:center;gap:.25rem 1.5rem;padding-top:.625rem;padding-bottom:.625rem;min-height:3.75rem}
.service{font-weight:600;margin-right:auto}
.live{display:flex;align-items:center;gap:.75rem;font-size:.875rem;color:var(--soft)}
.live button{min-width:5.5rem}
.trouble{position:sticky;top:0;z-index:1;background:var(--ink);color:var(--page)}
.trouble .wrap{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:.5rem 1.5rem;padding-top:.75rem;padding-bottom:.75rem}
.trouble p{font-weight:600;flex:1 1 16rem}
.trouble button{color:var(--ink)}
.trouble :focus-visible{outline-color:var(--page)}
.notice{padding-bottom:.75rem;color:var(--soft);font-size:.875rem}
.band{--cut:var(--band);background:var(--band);color:var(--on);padding:clamp(1.75rem,5vw,3.25rem) 0 clamp(1.5rem,4vw,2.25rem)}
.band.good{--band:var(--good-band);--on:var(--good-on)}
.band.warn{--band:var(--warn-band);--on:var(--warn-on)}
.band.bad{--band:var(--bad-band);--on:var(--bad-on)}
.band.calm{--band:var(--calm-band);--on:var(--calm-on)}
.band a{color:inherit}
.band :focus-visible{outline-color:var(--on)}
h1{display:flex;align-items:center;gap:.3em;font-size:clamp(2.5rem,9.5vw,5rem);line-height:1.05;letter-spacing:-.03em;font-weight:700}
h1 .shape{width:.82em;height:.82em}
.since{margin-top:.75rem}
.summary{max-width:44em;margin-top:.5rem;font-size:clamp(1.125rem,2.4vw,1.375rem);line-height:1.4}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,9.5rem),1fr));gap:.875rem 1.5rem;margin-top:2rem;padding-top:1.125rem;border-top:1px solid currentColor}
.facts dt{font-size:.875rem}
.facts dd{font-weight:600}
.stale h1 span::before{content:"Last known: ";display:block;font-size:1rem;letter-spacing:0}
.stale .band{filter:grayscale(1)}
`;

const checks = `
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr));gap:1.25rem}
.card{--cut:var(--card);background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1.125rem 1.25rem;min-width:0}
.card:is(.bad,.warn,.calm){border-color:var(--tone);box-shadow:inset 0 0 0 1px var(--tone)}
.card header{display:grid;grid-template-columns:1fr auto;align-items:baseline;gap:.125rem 1rem}
.card h3{font-size:1.25rem}
.latency{font-size:1.25rem;font-weight:600;text-align:right}
.weight{color:var(--soft);font-size:.875rem;text-align:right}
.remark{margin-top:.75rem;font-weight:600}
.card .empty{margin:.875rem 0}
.plot{display:grid;grid-template-columns:1fr auto;gap:.25rem .5rem;margin:.875rem 0 1rem}
.plot svg{display:block;width:100%;height:4rem;border-bottom:1px solid var(--soft)}
.plot path{fill:none;vector-effect:non-scaling-stroke}
.grid{stroke:var(--line)}
.plot .line{stroke:var(--ink);stroke-width:1.5;stroke-linejoin:round;stroke-linecap:round}
.plot .fails{fill:var(--bad)}
.gap{stroke:var(--soft);stroke-width:2;stroke-dasharray:1 5;stroke-linecap:round}
.ends{display:flex;justify-content:space-between;gap:1rem;color:var(--soft);font-size:.75rem}
.scale{display:flex;flex-direction:column;justify-content:space-between;color:var(--soft);font-size:.75rem;line-height:1}
figcaption{grid-column:1/-1;font-size:.875rem}
.card dl{display:grid;gap:.125rem;font-size:.9375rem}
.card dl div{display:grid;grid-template-columns:minmax(0,8.25rem) minmax(0,1fr);gap:.5rem}
.card dl .wide{grid-template-columns:1fr;gap:0;margin-top:.5rem}
time{white-space:nowrap}
.facts time,td time{white-space:normal;overflow-wrap:normal}
dt{color:var(--soft)}
.facts dt{color:inherit}
details{margin-top:.75rem}
summary{cursor:pointer;padding:.375rem 0;color:var(--soft)}
.numbers{padding:.25rem 0 .25rem 1rem}
.card .numbers{font-size:.875rem}
.card .numbers div,.numbers div{display:flex;gap:.75rem;justify-content:space-between;max-width:22rem}
`;

const meters = `
.meters{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,11rem),1fr));gap:1.5rem 2rem}
.meters dt{font-size:.875rem}
.value{font-size:1.5rem;font-weight:600;line-height:1.25;margin-right:.5rem}
.meters .state{font-size:.875rem}
.bar{display:block;width:100%;height:.5rem;margin:.25rem 0 .375rem;border-radius:4px}
.track{fill:var(--track)}
.fill{fill:var(--tone)}
.meters .note{display:block}
`;

const timeline = `
.lanes{list-style:none;display:grid;gap:.5rem}
.lanes li{display:grid;grid-template-columns:minmax(0,9.5rem) minmax(0,1fr);gap:1rem;align-items:center;font-size:.875rem;line-height:1.25}
.lanes i{font-style:normal;color:var(--soft)}
.lanes svg{display:block;width:100%;height:1.125rem;background:var(--track);border-radius:2px}
.lanes path{fill:var(--tone)}
.covered{margin:.375rem 0 1.75rem 10.5rem}
table{width:100%;border-collapse:collapse;font-size:.9375rem}
th{font-size:.875rem;font-weight:400;color:var(--soft)}
th,td{text-align:left;vertical-align:baseline;padding:.4375rem 1rem .4375rem 0;border-bottom:1px solid var(--line)}
th:nth-child(1){width:6.5rem}
th:nth-child(2){width:6rem}
td:nth-child(-n+2){color:var(--soft);overflow-wrap:normal}
td:last-child,th:last-child{padding-right:0}
td .shape{color:var(--tone);margin-right:.5em}
.verdict td{font-weight:600;color:var(--ink)}
.phase td{font-style:italic}
b{font-weight:600}
form{margin-top:1.25rem;max-width:30rem}
form div{display:flex;gap:.5rem;margin:.25rem 0 .5rem}
input{flex:1;min-width:0}
#token-says{color:var(--bad);font-weight:600}
footer.wrap{margin-top:4rem;padding-bottom:3rem}
`;

const fleet = `
.whose{display:grid;gap:.375rem;font-size:1.125rem}
.fleet{margin:1rem 0 .5rem}
.fleet :is(th,td):nth-child(n){width:auto;color:var(--ink)}
.fleet thead th:nth-child(n){color:var(--soft)}
.fleet td:is(.bad,.warn,.calm):nth-child(n){color:var(--tone);font-weight:600}
.fleet tbody th{font-size:.9375rem}
.fleet .self th{font-weight:700}
.fleet .self{box-shadow:inset 3px 0 0 var(--soft)}
.fleet .self th{padding-left:.625rem}
.fleet .number{text-align:right;white-space:nowrap}
.fleet i{font-style:normal;font-weight:400;color:var(--soft)}
`;

const media = `
@media (max-width:40rem){
.fleet .wide{display:none}
.fleet :is(th,td):nth-child(n){padding-right:.375rem;overflow-wrap:normal}
.fleet :is(td,thead th):nth-child(n){font-size:.75rem}
.fleet tbody th:nth-child(n){overflow-wrap:anywhere}
.fleet td .shape{margin-right:.25em}
.fleet .word{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
.fleet .number i{display:block}
.lanes li{grid-template-columns:1fr;gap:.125rem}
.covered{margin-left:0}
.facts{grid-template-columns:1fr 1fr}
.meters{grid-template-columns:1fr 1fr;gap:1.25rem}
th:nth-child(n){width:auto}
th,td{padding-right:.5rem}
.card{padding:1rem}
}
@media (prefers-reduced-motion:no-preference){.fill{transition:width .4s}}
@media (forced-colors:active){.band{border-block:4px solid}.shape,.lanes path,.fill{forced-color-adjust:none}}
@media print{
.live,.trouble,form,footer{display:none}
.band{background:none;color:#000;--cut:#fff;border-bottom:3px solid #000;padding:0 0 1rem}
.card,.meters div,tr,.lanes li{break-inside:avoid}
.lanes svg,.bar,.plot{print-color-adjust:exact;-webkit-print-color-adjust:exact}
body{font-size:11pt}
}
`;

export const style: string =
  readStyles(baseStyle) + [shapes, top, checks, meters, timeline, fleet, media].join("").replaceAll(/\n\s*/g, "");
