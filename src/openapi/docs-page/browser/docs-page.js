import "../../copy-commands.js";
import "./filter.js";
import "./try.js";
