import { light } from "../../core/page/palette.ts";
import { pageStyle } from "../page-style.ts";
import { formStyle } from "./style-forms.ts";

const layout = `
.wrap{max-width:88rem}
.columns{display:grid;grid-template-columns:17rem minmax(0,1fr);gap:0 2.5rem;align-items:start;padding-bottom:5rem}
.contents{position:sticky;top:0;max-height:100vh;overflow:auto;padding:1.5rem .5rem 2rem .25rem;font-size:.9375rem}
.contents ul{list-style:none}
.contents li a{display:grid;grid-template-columns:3.25rem 1fr;gap:.5rem;align-items:baseline;padding:.25rem .375rem;border-radius:6px;color:inherit;text-decoration:none;line-height:1.3}
.contents li a:hover{background:var(--track)}
.contents [aria-current]{background:var(--track);font-weight:600}
.contents .method{font-size:.625rem;min-width:0;padding-inline:.125rem}
.tag{margin:1.25rem 0 .25rem .375rem;font-weight:600}
.tag a{color:var(--soft);text-decoration:none}
.filter{display:grid;gap:.25rem}
.filter label{font-size:.875rem;color:var(--soft)}
kbd{font:.8125em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;border:1px solid var(--soft);border-radius:4px;padding:0 .3em}
main{min-width:0;padding-top:1.75rem}
main:focus{outline:none}
.guide{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));gap:1.25rem 2.5rem}
.guide p{margin-top:.375rem;color:var(--soft)}
.guide code{color:var(--ink)}
h2{margin:3.5rem 0 1rem;scroll-margin-top:1rem}
`;

const operations = `
.card,.op{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1.25rem clamp(1rem,2.5vw,1.5rem)}
.op{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:.25rem 2rem;margin-bottom:1.25rem;scroll-margin-top:1rem;content-visibility:auto;contain-intrinsic-size:auto 44rem}
.op:target{border-color:var(--link);box-shadow:inset 0 0 0 1px var(--link)}
.op header{grid-column:1/-1}
.op h3{font-size:1.25rem}
.op h3 a{color:inherit;text-decoration:none}
.op h3 a:hover{text-decoration:underline}
.line{display:flex;align-items:baseline;gap:.625rem;margin:.375rem 0 .125rem}
.path{font-size:.9375rem;font-weight:600}
.method{display:inline-block;min-width:3.25rem;padding:.0625rem .375rem;border-radius:4px;font-size:.75rem;font-weight:700;letter-spacing:.02em;text-align:center;white-space:nowrap;background:var(--band);color:var(--on)}
.good{--tone:var(--good);--band:var(--good-band);--on:var(--good-on)}
.warn{--tone:var(--warn);--band:var(--warn-band);--on:var(--warn-on)}
.bad{--tone:var(--bad);--band:var(--bad-band);--on:var(--bad-on)}
.calm{--tone:var(--calm);--band:var(--calm-band);--on:var(--calm-on)}
.who{color:var(--soft);font-size:.9375rem}
.op h4{margin:1.125rem 0 .375rem}
small{font-weight:400;color:var(--soft);font-size:.8125rem}
.doing{padding-top:1.125rem;min-width:0}
.doing pre{font-size:.875rem}
.fields{list-style:none;font-size:.9375rem}
.fields li{padding:.4375rem 0;border-top:1px solid var(--line)}
.fields .fields{margin:.375rem 0 0;padding-left:1rem;border-left:2px solid var(--line)}
.fields .fields li:first-child{border-top:0}
.fields p,td p{color:var(--soft)}
.name{font-weight:600}
.type,.eg{color:var(--soft)}
.must{color:var(--warn);font-size:.8125rem;font-weight:600}
table{width:100%;border-collapse:collapse;font-size:.9375rem}
thead th{font-size:.8125rem;font-weight:400;color:var(--soft)}
th,td{text-align:left;vertical-align:baseline;padding:.4375rem 1rem .4375rem 0;border-bottom:1px solid var(--line)}
tbody th{font-weight:400;width:34%}
tbody th .must{display:block}
td:nth-child(2){color:var(--soft);white-space:nowrap}
td:last-child,th:last-child{padding-right:0}
details summary{cursor:pointer;padding:.4375rem 0}
.answer{border-top:1px solid var(--line);font-size:.9375rem}
.answer:last-child{border-bottom:1px solid var(--line)}
.answer>div{padding:0 0 .875rem}
.answer pre{margin-top:.5rem}
.status{color:var(--tone);margin-right:.25rem}
.problems{list-style:none;padding:0 0 .75rem}
.problems li{display:grid;grid-template-columns:2.5rem 1fr;padding:.1875rem 0}
`;

const media = `
@media (max-width:80rem){.op{grid-template-columns:minmax(0,1fr)}}
@media (max-width:56rem){
.columns{grid-template-columns:minmax(0,1fr)}
.contents{position:static;max-height:21rem;margin-top:1.25rem;padding:1rem;border:1px solid var(--line);border-radius:10px;background:var(--card)}
}
@media (max-width:40rem){
thead{display:none}
tbody th,td{display:block;width:auto;border:0;padding:0}
tbody tr{display:block;padding:.4375rem 0;border-bottom:1px solid var(--line)}
tbody th .must{display:inline}
.line{flex-wrap:wrap}
}
@media print{:root{${light}}.contents,.try,.links,.card{display:none}.columns,.op{display:block}.op{break-inside:avoid;content-visibility:visible}}
`;

export const style: string = [pageStyle, layout, operations, formStyle, media].join("").replaceAll(/\n\s*/g, "");
