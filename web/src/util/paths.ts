// Addresses of pages, to be spread into a <Link> or given to `navigate`. They are those that cdsctl prints.
import { linkOptions } from "@tanstack/react-router";

const text = String;

export const paths = {
  home: () => linkOptions({ to: "/" }),
  projects: () => linkOptions({ to: "/projects" }),
  project: (key: string) => linkOptions({ to: "/project/$key", params: { key } }),
  workflow: (key: string, workflow: string, start?: boolean) =>
    linkOptions({ to: "/project/$key/workflow/$workflow", params: { key, workflow }, search: start ? { start: "1" } : {} }),
  run: (key: string, workflow: string, number: number | string, node?: string) =>
    linkOptions({ to: "/project/$key/workflow/$workflow/run/$number", params: { key, workflow, number: text(number) }, search: { node } }),
  pipeline: (key: string, name: string) => linkOptions({ to: "/project/$key/pipeline/$name", params: { key, name } }),
  application: (key: string, name: string) => linkOptions({ to: "/project/$key/application/$name", params: { key, name } }),
  environment: (key: string, name: string) => linkOptions({ to: "/project/$key/environment/$name", params: { key, name } }),
  /** `lines`: a hash of the log, without its #. */
  job: (key: string, workflow: string, number: number | string, job: string, step?: number, lines?: string) =>
    linkOptions({ to: "/project/$key/workflow/$workflow/run/$number/job/$job", params: { key, workflow, number: text(number), job }, search: { step }, hash: lines }),
  queue: () => linkOptions({ to: "/queue" }),
  fleet: () => linkOptions({ to: "/fleet" }),
  account: () => linkOptions({ to: "/account" }),
  signUp: () => linkOptions({ to: "/signup" }),
  forgot: () => linkOptions({ to: "/forgot-password" }),
};

/** Any of them. */
export type Place = ReturnType<(typeof paths)[keyof typeof paths]>;
