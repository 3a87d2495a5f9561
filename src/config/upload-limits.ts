/** The size of the largest image that an upload may have. */
export const maxImageBytes = 5_000_000;

/** The maximum size of the body of an upload: the image and the form around it. The proxies have the same limit. */
export const maxUploadMebibytes = 5;
export const maxUploadBytes = maxUploadMebibytes * 1024 * 1024;

/** The limit in words, for error responses, the API reference and the doctor. */
export const maxImageText = `${maxImageBytes.toLocaleString("en")} bytes`;
