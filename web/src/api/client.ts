// The API's client: typed by the document, one shape of error, a lost session leads to the sign-in.
import createClient from "openapi-fetch";
import type { ApiError } from "../model/types";
import { getToken, refused } from "../session";
import type { paths } from "./generated/schema";

/** An answer of 400 or more, or none at all (status 0). */
export class Failure extends Error {
  constructor(
    readonly status: number,
    readonly body: ApiError,
  ) {
    super(body.message);
  }
}

const BEARER = "Bearer ";

export const client = createClient<paths>({ baseUrl: "" });

client.use({
  onRequest({ request }) {
    const token = getToken();
    if (token) request.headers.set("authorization", `${BEARER}${token}`);
    return request;
  },
  onResponse({ request, response }) {
    const sent = request.headers.get("authorization");
    // Only a token that was refused ends the session; a wrong password has none yet.
    if (response.status === 401 && sent?.startsWith(BEARER)) refused(sent.slice(BEARER.length));
  },
});

const UNREACHABLE: ApiError = { code: "unreachable", message: "The server can't be reached." };

/** What may go well the next time: no answer at all, or a fault of the server or of what stands before it. */
export function mayPass(error: unknown): boolean {
  return error instanceof Failure && (error.status === 0 || error.status >= 500);
}

/** Nobody answered: what was asked for may have been done all the same. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof Failure && error.status === 0;
}

/** What was there is not, or not for this user any more: what is known of it from before must not be shown as true. */
export function isGone(error: unknown): boolean {
  return error instanceof Failure && (error.status === 404 || error.status === 403);
}

/** The data of an answer, or a Failure thrown. */
export async function data<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let got;
  try {
    got = await answer;
  } catch {
    throw new Failure(0, UNREACHABLE);
  }
  if (got.response.ok) return got.data as T;
  throw failure(got.response.status, got.error);
}

function failure(status: number, error: unknown): Failure {
  const known = typeof error === "object" && error !== null && "message" in error;
  return new Failure(status, known ? (error as ApiError) : { code: "http", message: `The server answered ${status}.` });
}

/** A request outside the typed client: streams and files. */
export async function raw(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const token = getToken();
  if (token) headers.set("authorization", `${BEARER}${token}`);
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers });
  } catch (e) {
    if (init.signal?.aborted) throw e;
    throw new Failure(0, UNREACHABLE);
  }
  if (response.status === 401 && token) refused(token);
  if (!response.ok) throw failure(response.status, await response.json().catch(() => undefined));
  return response;
}

/**
 * Saves a file that needs the token; the name is only a suggestion to the browser. The browser itself reads it, from an
 * address that is good for a minute: it goes to the disk as it arrives, not through the memory of this page.
 */
export async function download(path: string, name: string): Promise<void> {
  const { url } = await data(client.POST("/v1/downloads", { body: { path } }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}
