/** The spellings of a service's name, each for the places that allow it. */
export type Names = {
  /** `my-service`: packages, images, Kubernetes, files. */
  kebab: string;
  /** `my_service`: Postgres, cookies, variables of NGINX. */
  snake: string;
  /** `MY_SERVICE`: environment variables. */
  upper: string;
  /** `MY-SERVICE`: host names in capitals. */
  upperKebab: string;
  /** `MyService`: logical ids of CloudFormation. */
  pascal: string;
  /** `My Service`: titles and sentences. */
  title: string;
};

const maxLength = 30;

/** Names of the services that stand beside the new one in the same Compose file or namespace. */
const takenNames = new Set([
  "alertmanager",
  "api",
  "grafana",
  "haproxy",
  "migrate",
  "nginx",
  "postgres",
  "prometheus",
  "redis",
]);

/**
 * Returns what is wrong with a name, or undefined. A name must be valid for a package, an image and a Kubernetes
 * object.
 */
export function nameProblem(name: string): string | undefined {
  if (name === "") return "A name is needed.";
  if (name.length > maxLength)
    return `The name may have at most ${maxLength} characters, because Kubernetes objects add a suffix to it.`;
  if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(name)) {
    return "The name must begin with a lower-case letter and contain only lower-case letters, digits and single hyphens, such as my-service.";
  }
  if (takenNames.has(name)) return `${name} is the name of another service in the Compose file. Choose another one.`;
  return undefined;
}

export function namesOf(kebab: string): Names {
  const words = kebab.split("-").map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  const snake = kebab.replaceAll("-", "_");
  return {
    kebab,
    snake,
    upper: snake.toUpperCase(),
    upperKebab: kebab.toUpperCase(),
    pascal: words.join(""),
    title: words.join(" "),
  };
}
