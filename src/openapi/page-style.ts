import { baseStyle } from "../core/page/base-style.ts";

const frame = `
.top .wrap{display:flex;flex-wrap:wrap;align-items:center;gap:.25rem 1.5rem;padding-top:.625rem;padding-bottom:.625rem;min-height:3.75rem}
.service{font-weight:600;margin-right:auto}
.links{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;font-size:.875rem}
.band{background:var(--calm-band);color:var(--calm-on);padding:clamp(1.75rem,5vw,3.25rem) 0 clamp(1.5rem,4vw,2.25rem)}
.band a{color:inherit}
.band :focus-visible{outline-color:var(--calm-on)}
h1{font-size:clamp(2.5rem,9.5vw,5rem);line-height:1.05;letter-spacing:-.03em;font-weight:700}
.summary{max-width:44em;margin-top:.75rem;font-size:clamp(1.125rem,2.4vw,1.375rem);line-height:1.4}
.stand{margin-top:.75rem;font-size:.875rem}
pre{margin:0;padding:.875rem 1rem;background:var(--track);border-radius:8px;overflow:auto;font-size:.9375rem;line-height:1.45;overflow-wrap:normal}
pre code{white-space:pre}
.curl{position:relative}
.curl+.curl{margin-top:.75rem}
.curl button{position:absolute;top:.375rem;right:.375rem;min-height:2rem;padding:.125rem .625rem;font-size:.875rem}
html.js .curl pre{padding-right:5.25rem}
html.js .curl code{white-space:pre-wrap;overflow-wrap:anywhere}
.skip{position:absolute;left:1rem;top:-4rem;background:var(--card);padding:.5rem 1rem;z-index:2}
.skip:focus{top:.5rem}
@media (forced-colors:active){.band{border-block:4px solid}}
`;

/** What the pages of this room share: the frame, and commands that can be copied. */
export const pageStyle: string = baseStyle + frame;
