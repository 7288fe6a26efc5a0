// Addresses of pages. They are those that cdsctl prints.

const e = encodeURIComponent;

export const paths = {
  home: () => "/",
  projects: () => "/projects",
  project: (key: string) => `/project/${e(key)}`,
  workflow: (key: string, workflow: string) => `/project/${e(key)}/workflow/${e(workflow)}`,
  run: (key: string, workflow: string, number: number | string, node?: string) =>
    `/project/${e(key)}/workflow/${e(workflow)}/run/${number}${node ? `?node=${e(node)}` : ""}`,
  job: (key: string, workflow: string, number: number | string, job: string, step?: number) =>
    `/project/${e(key)}/workflow/${e(workflow)}/run/${number}/job/${job}${step === undefined ? "" : `?step=${step}`}`,
  queue: () => "/queue",
  fleet: () => "/fleet",
  account: () => "/account",
  signUp: () => "/signup",
  forgot: () => "/forgot-password",
};
