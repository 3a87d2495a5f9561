import { dark, light } from "./palette.ts";

/** Styles shared by all HTML pages of the server. */
export const baseStyle = `
:root{color-scheme:light dark;${light}}
@media (prefers-color-scheme:dark){:root{${dark}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-padding-top:4rem}
body{margin:0;background:var(--page);color:var(--ink);--cut:var(--page);
  font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;
  font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.wrap{max-width:76rem;margin:0 auto;padding:0 clamp(1rem,4vw,2.5rem)}
h1,h2,h3,h4,p,dl,dd,ul,figure{margin:0;padding:0}
h2{font-size:1.5rem;line-height:1.2;letter-spacing:-.01em;margin:3rem 0 1.25rem}
h3{font-size:1.0625rem;line-height:1.3}
section>h3{margin:2rem 0 .75rem}
h4{font-size:1rem}
a{color:var(--link)}
code{font:.875em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:4px}
h1:focus{outline:none}
button,input{font:inherit;color:inherit;background:var(--card);border:1px solid var(--soft);border-radius:6px;padding:.375rem .875rem;min-height:2.5rem}
button{cursor:pointer}
button:hover{background:var(--track)}
[hidden],.sprite,html.js .unscripted,html:not(.js) .scripted{display:none!important}
.unseen{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.note{color:var(--soft);font-size:.875rem}
`;
