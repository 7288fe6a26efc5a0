// Generated from openapi.json by `npm run generate`. Do not edit.

export interface paths {
    "/auth/consumer/local/signup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks for an account, under the address that scripts for the reference use. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SignUp"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SignedUp"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the server measures, for Prometheus. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/openmetrics-text": unknown;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mon/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same, under the address that monitors of the reference use. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Health"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Health"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mon/version": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same, under the address that monitors of the reference use. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Version"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/options": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What may be done before signing in. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AuthOptions"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Changes the caller's password and ends their other sessions. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PasswordChange"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description The current password is not right, or the new one not acceptable */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Too many attempts; see Retry-After */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks for a mail to reset a password. Says the same whether or not there is such an account. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PasswordForgotten"];
                };
            };
            responses: {
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description This server sends no mail */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/reset/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sets a new password with the token from the mail, ends every session of the account and opens one. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PasswordReset"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Session"];
                    };
                };
                /** @description The token is unknown, was used, or has expired */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/signin": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Opens a session. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SignIn"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Session"];
                    };
                };
                /** @description Unknown user or wrong password */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Too many attempts; see Retry-After */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/signout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends the session or token of this call. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/signup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks for an account. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SignUp"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SignedUp"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/signup/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Confirms an account with the token from the mail. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SignUpVerify"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Session"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Sessions and tokens of the caller. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Token"][];
                    };
                };
            };
        };
        put?: never;
        /** Makes a token for programs. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TokenCreate"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TokenCreated"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/tokens/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends a session or token of the caller. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/downloads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes an address that opens a step's log or a file of a run without a token for a minute, so that a browser can save
         *     it to disk as it arrives. The rights of the caller are asked for when it is opened.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["DownloadCreate"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Download"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * News of runs as they happen. Each event has an id; a client that reconnects with `Last-Event-ID` misses none
         *     and gets none twice.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Only of this project. */
                    project?: string | null;
                    /** @description Only of this workflow (with `project`). */
                    workflow?: string | null;
                    /** @description Only of this run (with `project` and `workflow`). */
                    number?: number | null;
                    /** @description Resume after this event; `Last-Event-ID` wins. */
                    after?: number | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/event-stream": components["schemas"]["Event"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Groups of the caller, by name; administrators and maintainers see all. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Group"][];
                    };
                };
            };
        };
        put?: never;
        /** Makes a group; the caller becomes its administrator. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Name"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Group"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/groups/{group}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A group with its members. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    group: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Group"];
                    };
                };
            };
        };
        /** Renames a group. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    group: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Name"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Group"];
                    };
                };
            };
        };
        post?: never;
        /** Deletes a group. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    group: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/groups/{group}/members/{username}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Adds a member, or changes whether they administer the group. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    group: string;
                    username: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["MemberPut"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        post?: never;
        /** Removes a member. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    group: string;
                    username: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/hatcheries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Hatcheries. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Hatchery"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/hatchery/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A hatchery comes, or comes back. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["HatcheryRegister"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["HatcheryRegistered"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/hatchery/sync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells what exists, and waits for wishes. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["HatcherySync"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["HatcheryOrders"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/hatchery/workers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Identities for workers about to be spawned. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["WorkerOrder"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WorkerOrders"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the server's parts work. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Health"];
                    };
                };
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Health"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{job}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A job with its attempts and steps. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description `<run>.<n>` */
                    job: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["JobRun"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{job}/attempts/{attempt}/log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Raw bytes of the logs of all steps of an attempt, one after the other, each under a line `==> step <n>: <name>`. Of a
         *     job that still runs, what there is now.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    job: string;
                    attempt: number;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/plain": unknown;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{job}/attempts/{attempt}/steps/{step}/follow": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A step's log as it grows: `bytes` events whose id is the offset after them, with the time at which they came (`at_ms`),
         *     then `end`. Resumable without a gap or a double byte.
         */
        get: {
            parameters: {
                query?: {
                    /** @description First byte wanted. `Last-Event-ID`, which a browser sends when it reconnects, wins. */
                    offset?: number;
                };
                header?: never;
                path: {
                    job: string;
                    attempt: number;
                    step: number;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/event-stream": unknown;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{job}/attempts/{attempt}/steps/{step}/lines": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A range of lines by the log's index: quick at any size. */
        get: {
            parameters: {
                query?: {
                    /** @description First line, from 0; negative counts from the end. */
                    first?: number;
                    /** @description How many, at most 10,000; default 1,000. */
                    count?: number | null;
                };
                header?: never;
                path: {
                    job: string;
                    attempt: number;
                    step: number;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LogLines"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{job}/attempts/{attempt}/steps/{step}/log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Raw bytes of a step's log. Understands `Range: bytes=a-b`. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    job: string;
                    attempt: number;
                    step: number;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/plain": unknown;
                    };
                };
                206: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/plain": unknown;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{job}/attempts/{attempt}/steps/{step}/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Places of a text in a log, however long that is. */
        get: {
            parameters: {
                query: {
                    /** @description Text. */
                    q: string;
                    /** @description True = upper and lower case differ. */
                    case?: boolean;
                    /** @description First line to look into, from 0: behind the last place of an answer that was full, the next ones. */
                    from?: number;
                    /** @description At most this many places; default 1,000, at most 10,000. */
                    max?: number | null;
                };
                header?: never;
                path: {
                    job: string;
                    attempt: number;
                    step: number;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LogMatch"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{job}/candidates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who could take a job that waits: every hatchery, and what keeps it from it. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    job: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Candidates"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Projects the caller may read, by key. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Project"][];
                    };
                };
            };
        };
        put?: never;
        /** Makes a project. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ProjectCreate"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Project"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A project with its groups and workflows. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Project"];
                    };
                };
            };
        };
        /** Changes a project. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ProjectUpdate"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        post?: never;
        /** Deletes a project with all that is in it. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/applications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Applications of a project, by name. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Application"][];
                    };
                };
            };
        };
        put?: never;
        /** Makes an empty application. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Name"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Application"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/applications/{app}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An application. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    app: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Application"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Deletes an application that no workflow uses. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    app: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/applications/{app}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The file of an application. */
        get: {
            parameters: {
                query?: {
                    /** @description `yaml` (default) or `json`. */
                    format?: string;
                };
                header?: never;
                path: {
                    key: string;
                    app: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/x-yaml": unknown;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/applications/{app}/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Keys of an application, by name. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    app: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Key"][];
                    };
                };
            };
        };
        put?: never;
        /** Makes a key of an application. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    app: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["KeyCreate"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Key"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/applications/{app}/keys/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes a key of an application. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    app: string;
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/applications/{app}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Workflows that use an application. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    app: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Workflow"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/applications/{app}/variables": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Variables of an application, by name. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    app: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Variable"][];
                    };
                };
            };
        };
        put?: never;
        /** Adds a variable to an application. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    app: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Variable"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Variable"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/applications/{app}/variables/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A variable of an application. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    app: string;
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Variable"];
                    };
                };
            };
        };
        /** Replaces a variable of an application, its name too. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    app: string;
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Variable"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Variable"];
                    };
                };
            };
        };
        post?: never;
        /** Removes a variable of an application. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    app: string;
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/encrypt": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Secrets of a project that have a token, by name. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Encrypted"][];
                    };
                };
            };
        };
        put?: never;
        /** Keeps a secret and gives its token; the same name keeps its token. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Encrypt"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Encrypted"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/encrypt/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Forgets a secret. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/environments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Environments of a project, by name. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Environment"][];
                    };
                };
            };
        };
        put?: never;
        /** Makes an empty environment. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Name"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Environment"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/environments/{env}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An environment. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    env: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Environment"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Deletes an environment that no workflow uses. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    env: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/environments/{env}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The file of an environment. */
        get: {
            parameters: {
                query?: {
                    /** @description `yaml` (default) or `json`. */
                    format?: string;
                };
                header?: never;
                path: {
                    key: string;
                    env: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/x-yaml": unknown;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/environments/{env}/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Keys of an environment, by name. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    env: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Key"][];
                    };
                };
            };
        };
        put?: never;
        /** Makes a key of an environment. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    env: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["KeyCreate"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Key"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/environments/{env}/keys/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes a key of an environment. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    env: string;
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/environments/{env}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Workflows that use an environment. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    env: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Workflow"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/environments/{env}/variables": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Variables of an environment, by name. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    env: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Variable"][];
                    };
                };
            };
        };
        put?: never;
        /** Adds a variable to an environment. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    env: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Variable"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Variable"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/environments/{env}/variables/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A variable of an environment. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    env: string;
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Variable"];
                    };
                };
            };
        };
        /** Replaces a variable of an environment, its name too. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    env: string;
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Variable"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Variable"];
                    };
                };
            };
        };
        post?: never;
        /** Removes a variable of an environment. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    env: string;
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/groups/{group}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Gives a group a level. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    group: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Grant"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        post?: never;
        /** Takes a group off. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    group: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/import/application": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Imports an application. */
        post: {
            parameters: {
                query?: {
                    /** @description Replace what exists. */
                    force?: boolean;
                    /** @description Refuse a file with unknown or repeated keys, which are warnings otherwise. */
                    strict?: boolean;
                    /** @description Name of the file for messages, as its owner knows it. */
                    file?: string;
                };
                header?: never;
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/x-yaml": unknown;
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Messages"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/import/environment": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Imports an environment. */
        post: {
            parameters: {
                query?: {
                    /** @description Replace what exists. */
                    force?: boolean;
                    /** @description Refuse a file with unknown or repeated keys, which are warnings otherwise. */
                    strict?: boolean;
                    /** @description Name of the file for messages, as its owner knows it. */
                    file?: string;
                };
                header?: never;
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/x-yaml": unknown;
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Messages"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/import/pipeline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Imports a pipeline. */
        post: {
            parameters: {
                query?: {
                    /** @description Replace what exists. */
                    force?: boolean;
                    /** @description Refuse a file with unknown or repeated keys, which are warnings otherwise. */
                    strict?: boolean;
                    /** @description Name of the file for messages, as its owner knows it. */
                    file?: string;
                };
                header?: never;
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/x-yaml": unknown;
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Messages"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/import/workflow": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Imports a workflow. */
        post: {
            parameters: {
                query?: {
                    /** @description Replace what exists. */
                    force?: boolean;
                    /** @description Refuse a file with unknown or repeated keys, which are warnings otherwise. */
                    strict?: boolean;
                    /** @description Name of the file for messages, as its owner knows it. */
                    file?: string;
                };
                header?: never;
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/x-yaml": unknown;
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Messages"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Keys of a project, by name. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Key"][];
                    };
                };
            };
        };
        put?: never;
        /** Makes a key of a project. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["KeyCreate"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Key"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/keys/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Gives a key of a project to jobs, or not. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["KeyUpdate"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        post?: never;
        /** Removes a key of a project. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/pipelines": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Pipelines of a project, by name. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Pipeline"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/pipelines/{pipeline}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A pipeline. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    pipeline: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Pipeline"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Deletes a pipeline that no workflow uses. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    pipeline: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/pipelines/{pipeline}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The file of a pipeline. */
        get: {
            parameters: {
                query?: {
                    /** @description `yaml` (default) or `json`. */
                    format?: string;
                };
                header?: never;
                path: {
                    key: string;
                    pipeline: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/x-yaml": unknown;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/pipelines/{pipeline}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Workflows that use a pipeline. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    pipeline: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Workflow"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/push": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Imports a tar of files: one workflow and what it uses. What exists is replaced. */
        post: {
            parameters: {
                query?: {
                    /** @description Replace a workflow that follows a repository, which detaches it. */
                    force?: boolean;
                    /** @description Refuse files with unknown or repeated keys, which are warnings otherwise. */
                    strict?: boolean;
                };
                header?: {
                    /** @description URL of the repository that owns the files */
                    "X-Cds-As-Code"?: string | null;
                };
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/x-tar": unknown;
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Messages"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/variables": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Variables of a project, by name. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Variable"][];
                    };
                };
            };
        };
        put?: never;
        /** Adds a variable to a project. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Variable"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Variable"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/variables/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A variable of a project. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Variable"];
                    };
                };
            };
        };
        /** Replaces a variable of a project, its name too. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Variable"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Variable"];
                    };
                };
            };
        };
        post?: never;
        /** Removes a variable of a project. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/workflows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Workflows of a project that the caller may read, by name. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Workflow"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/workflows/{workflow}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A workflow with its graph. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    workflow: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Workflow"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Deletes a workflow with its runs. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    workflow: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/workflows/{workflow}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The file of a workflow. */
        get: {
            parameters: {
                query?: {
                    /** @description `yaml` (default) or `json`. */
                    format?: string;
                    /** @description With the levels of groups. */
                    with_permissions?: boolean;
                };
                header?: never;
                path: {
                    key: string;
                    workflow: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/x-yaml": unknown;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/workflows/{workflow}/groups/{group}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Gives a group of the project a level. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    workflow: string;
                    group: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Grant"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        post?: never;
        /** Takes a group off. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    workflow: string;
                    group: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/workflows/{workflow}/pull": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A tar of the files of a workflow and of all it uses. */
        get: {
            parameters: {
                query?: {
                    /** @description With the levels of groups. */
                    with_permissions?: boolean;
                };
                header?: never;
                path: {
                    key: string;
                    workflow: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/x-tar": unknown;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/workflows/{workflow}/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Runs of a workflow, newest first. The header `X-Total-Count` says how many there are in all. */
        get: {
            parameters: {
                query?: {
                    /** @description How many to leave out. */
                    offset?: number;
                    /** @description How many to give; default 50, at most 500. */
                    limit?: number | null;
                    /** @description Only of this status; a run that is under way and has no job with a worker counts as `Waiting`, not as `Building`. */
                    status?: string | null;
                    /** @description Only with this tag: `name` or `name:value`. */
                    tag?: string | null;
                    /** @description Only of this branch (tag `git.branch`). */
                    branch?: string | null;
                    /** @description Only by this author: of the commit (tag `git.author`), or who started the run. */
                    author?: string | null;
                    /** @description Only of this project. */
                    project?: string | null;
                    /** @description Only those with nodes that a person keeps waiting, or (`false`) only those without. */
                    gates?: boolean | null;
                };
                header?: never;
                path: {
                    key: string;
                    workflow: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        /** @description Runs that the filter lets through */
                        "x-total-count"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RunBrief"][];
                    };
                };
            };
        };
        put?: never;
        /** Starts a run, or goes on with one. */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The same key within a day gives the same run */
                    "Idempotency-Key"?: string | null;
                };
                path: {
                    key: string;
                    workflow: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RunStart"];
                };
            };
            responses: {
                /** @description An existing run goes on */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Run"];
                    };
                };
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Run"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/workflows/{workflow}/runs/{number}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A run, whole. */
        get: {
            parameters: {
                query?: {
                    /** @description False leaves the parameters of node runs out: they are most of a large run. */
                    parameters?: boolean | null;
                    /** @description Only these executions of nodes (`id`s, parted by commas), and no graph. */
                    node_runs?: string | null;
                };
                header?: never;
                path: {
                    key: string;
                    workflow: string;
                    /** @description A number, or `latest` */
                    number: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Run"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Deletes a run with its logs and files. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    workflow: string;
                    number: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/workflows/{workflow}/runs/{number}/artifacts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Files and other results of a run. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    workflow: string;
                    number: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Artifact"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/workflows/{workflow}/runs/{number}/artifacts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Content of a file of a run. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    workflow: string;
                    number: string;
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": unknown;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/workflows/{workflow}/runs/{number}/changes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What came since the last run that went well: commits, payloads. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    workflow: string;
                    number: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Changes"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/workflows/{workflow}/runs/{number}/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Logs of a run, under the names they are downloaded as. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    workflow: string;
                    number: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LogFile"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/workflows/{workflow}/runs/{number}/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stops a run or one of its nodes. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    workflow: string;
                    number: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RunStop"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/workflows/{workflow}/runs/{number}/tests": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Test reports of a run. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    workflow: string;
                    number: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Tests"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/workflows/{workflow}/runs/{number}/unpark": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes up a run that is set aside because its record could not be read. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    workflow: string;
                    number: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description It is not set aside, or still can't be read */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/projects/{key}/workflows/{workflow}/tags/{tag}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Values that runs of a workflow have for a tag such as `git.branch`, in order; at most 200. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    key: string;
                    workflow: string;
                    tag: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": string[];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/queue": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Jobs that wait, and why; jobs that run, and where. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["QueueJob"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/queue/nodes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Nodes that wait for their mutex, and who holds it; those of one mutex in the order they will get it. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["QueueNode"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Runs over all projects that the caller may read, newest first. The header `X-Total-Count` says how many there are in
         *     all.
         */
        get: {
            parameters: {
                query?: {
                    /** @description How many to leave out. */
                    offset?: number;
                    /** @description How many to give; default 50, at most 500. */
                    limit?: number | null;
                    /** @description Only of this status; a run that is under way and has no job with a worker counts as `Waiting`, not as `Building`. */
                    status?: string | null;
                    /** @description Only with this tag: `name` or `name:value`. */
                    tag?: string | null;
                    /** @description Only of this branch (tag `git.branch`). */
                    branch?: string | null;
                    /** @description Only by this author: of the commit (tag `git.author`), or who started the run. */
                    author?: string | null;
                    /** @description Only of this project. */
                    project?: string | null;
                    /** @description Only those with nodes that a person keeps waiting, or (`false`) only those without. */
                    gates?: boolean | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        /** @description Runs that the filter lets through */
                        "x-total-count"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RunBrief"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Projects, workflows, applications, pipelines, environments and runs by the words of their names, their project's,
         *     and their descriptions; at most 50, the best first.
         */
        get: {
            parameters: {
                query: {
                    /**
                     * @description Words, in any order, case not counted: `release train`, `shop nightly`. With a number among them, runs too:
                     *     `nightly 12`.
                     */
                    q: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SearchHit"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every user, by name. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["User"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The caller. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["User"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/{username}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A user. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    username: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["User"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/{username}/gpg-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** OpenPGP keys of a user. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    username: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["GpgKey"][];
                    };
                };
            };
        };
        put?: never;
        /** Adds an armored public key. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    username: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["GpgKeyImport"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["GpgKey"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/{username}/gpg-keys/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One key of a user. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    username: string;
                    key_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["GpgKey"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Removes a key. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    username: string;
                    key_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/{username}/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a link with which somebody who forgot their password chooses a new one. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    username: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ResetLink"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/version": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Version of the server. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Version"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/worker/artifacts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Files of a run. */
        get: {
            parameters: {
                query: {
                    /** @description The job that asks. */
                    job: string;
                    /** @description Its attempt. */
                    attempt: number;
                    /** @description Another workflow of the same project; empty = the job's own. */
                    workflow?: string;
                    /** @description Another run; absent = the job's own, or the workflow's latest. */
                    number?: number | null;
                    /** @description Regular expression on names; empty = all. */
                    pattern?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Artifact"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/worker/artifacts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Content of a file of the same project. */
        get: {
            parameters: {
                query: {
                    /** @description The job that asks. */
                    job: string;
                    /** @description Its attempt. */
                    attempt: number;
                };
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": unknown;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/worker/artifacts/{job}/{attempt}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Stores a file of the run. */
        put: {
            parameters: {
                query: {
                    /** @description File name. */
                    name: string;
                    /** @description Unix permission bits. */
                    perm?: number;
                    /** @description `artifact` or `coverage`. */
                    type?: string;
                    /** @description MD5 of the content in hex, to be compared; empty = not compared. */
                    md5?: string;
                    /** @description A UUID that the worker has made: sent again, it is the same file. */
                    id?: string | null;
                };
                header?: never;
                path: {
                    job: string;
                    attempt: number;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/octet-stream": unknown;
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Artifact"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/worker/caches/{tag}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Content of a cache of the project. */
        get: {
            parameters: {
                query: {
                    /** @description The job that asks. */
                    job: string;
                    /** @description Its attempt. */
                    attempt: number;
                };
                header?: never;
                path: {
                    /** @description base64url */
                    tag: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": unknown;
                    };
                };
            };
        };
        /** Keeps a cache of the project. */
        put: {
            parameters: {
                query: {
                    /** @description The job that asks. */
                    job: string;
                    /** @description Its attempt. */
                    attempt: number;
                };
                header?: never;
                path: {
                    /** @description base64url */
                    tag: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/octet-stream": unknown;
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/worker/logs/{job}/{attempt}/{step}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** A large chunk of a log, as raw bytes. */
        put: {
            parameters: {
                query: {
                    /** @description First byte of the chunk in the step's log. */
                    offset: number;
                    /** @description When the last of its bytes was printed, epoch milliseconds. */
                    at_ms: number;
                };
                header?: never;
                path: {
                    job: string;
                    attempt: number;
                    step: number;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/octet-stream": unknown;
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LogLength"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/worker/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Trades a one-time token for a worker's token. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["WorkerRegister"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WorkerRegistered"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/worker/report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Whatever happened to a job since the last report. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["WorkerReport"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ReportAck"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/worker/results": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A run result without a file. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["WorkerResult"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Artifact"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/worker/tags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** `worker tag`. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["WorkerTags"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/worker/take": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Waits for a job. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["WorkerTake"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Assignment"];
                    };
                };
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ApiError"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/worker/tests": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Test reports of a job. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["WorkerTests"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/worker/version": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** `worker set-version`. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["WorkerVersion"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Workers. What one runs is told to those who may read it; for others `job` is absent while `status` is `Building`. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Worker"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workers/{id}/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A worker gets no more jobs; the one it has it ends. Its hatchery ends it when it has none. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description The body of every answer with a status of 400 or more. */
        ApiError: {
            /** @description Stable word for programs, e.g. `not_found`; each has a page under `docs/errors/`. */
            code: string;
            /** @description Further lines, e.g. one for each fault of an imported file. */
            details?: string[];
            /**
             * Format: int32
             * @description The reference's numeric error id where there is one (spec 2.3).
             */
            id?: number | null;
            /** @description One sentence for people: what, and how to mend it. */
            message: string;
            /** @description Names this request in the server's log. */
            request_id: string;
        };
        /** @description An application. */
        Application: {
            /** @description For people. */
            description: string;
            /** @description Repository that owns the definition; empty = none. */
            from_repository: string;
            /** @description RFC 3339. */
            last_modified: string;
            /** @description Unique in its project. */
            name: string;
            /** @description Key of its project. */
            project_key: string;
            /** @description `owner/name` in its forge; empty = none. */
            repository_fullname: string;
        };
        /** @description A file of a run, as `worker artifacts` and `cdsctl workflow artifact list` show it. */
        Artifact: {
            /** @description RFC 3339. */
            created: string;
            /** @description Further fields of results without a file. */
            data?: Record<string, never>;
            /** @description Stable id, for downloads. */
            id: string;
            /** @description Hex. */
            md5: string;
            /** @description Unique by type in the run. */
            name: string;
            /** @description Node whose job stored it. */
            node: string;
            /**
             * Format: int32
             * @description Unix permission bits.
             */
            perm: number;
            /** @description Hex. */
            sha256: string;
            /**
             * Format: int64
             * @description Bytes.
             */
            size: number;
            /** @description `artifact`, `coverage`, `static-file`, `artifact-manager`. */
            type: string;
        };
        /** @description A requirement of a job. */
        AssignedRequirement: {
            /** @description E.g. the binary's name. */
            name: string;
            /** @description `binary`, `hostname`, … */
            type: string;
            /** @description Wanted value. */
            value: string;
        };
        /** @description A secret for a job. */
        AssignedSecret: {
            /** @description `password`, `ssh`, `pgp`. */
            kind: string;
            /** @description Full variable name, e.g. `cds.app.password`, `cds.key.proj-ssh-x.priv`. */
            name: string;
            /** @description Clear text. */
            value: string;
        };
        /** @description One step of an assignment, with the defaults of its action filled in and **not** interpolated. */
        AssignedStep: {
            /** @description Registered action name, e.g. `Script`, `Artifact Upload`. */
            action: string;
            /** @description Runs even after a failure. */
            always_executed: boolean;
            /** @description False = `Disabled`. */
            enabled: boolean;
            /** @description Shown name; empty = the action's. */
            name?: string;
            /** @description A failure does not fail the job. */
            optional: boolean;
            /** @description Values by parameter name. */
            parameters: Record<string, never>;
            /**
             * Format: int64
             * @description It ends `Fail` after this long; 0 = no limit.
             */
            timeout_ms?: number;
        };
        /** @description A job to run: everything the worker needs, so that it need not ask again. */
        Assignment: {
            /**
             * Format: int32
             * @description Fencing token; to be sent with everything.
             */
            attempt: number;
            /**
             * Format: int64
             * @description As [`ReportAck::hold_ms`], from the question that this answers.
             */
            hold_ms?: number | null;
            /** @description Which job. */
            job: string;
            /**
             * Format: int64
             * @description The job ends `Fail` after this long; 0 = no limit.
             */
            job_timeout_ms: number;
            /**
             * Format: int64
             * @description From a stop's SIGTERM to SIGKILL.
             */
            kill_grace_ms: number;
            /** @description Name of the job. */
            name: string;
            /** @description Node name. */
            node: string;
            /**
             * Format: int64
             * @description Run number.
             */
            number: number;
            /** @description Job parameters (spec 8), secrets not among them. */
            parameters: Record<string, never>;
            /** @description Project key. */
            project: string;
            /** @description Requirements, for the worker's own check. */
            requirements: components["schemas"]["AssignedRequirement"][];
            /** @description Secret variables and keys of this job. */
            secrets: components["schemas"]["AssignedSecret"][];
            /** @description Stage name. */
            stage: string;
            /** @description Steps in order. */
            steps: components["schemas"]["AssignedStep"][];
            /** @description `inert`, `refuse` or `splice`. */
            taint_policy: string;
            /** @description Names of parameters whose text comes from an event and may carry code. */
            tainted: string[];
            /** @description Those of them that are an event's text itself: no templates, whatever they look like. */
            verbatim?: string[];
            /** @description Workflow name. */
            workflow: string;
        };
        /** @description One attempt of a job. */
        AttemptRun: {
            /**
             * Format: int32
             * @description From 1.
             */
            attempt: number;
            /** @description RFC 3339. */
            done?: string | null;
            /** @description Why it failed, if it did. */
            reason?: string;
            /** @description RFC 3339. */
            start?: string | null;
            /** @description Where it stands. */
            status: string;
            /** @description Steps in order. */
            steps: components["schemas"]["StepRun"][];
            /** @description Name of its worker; empty until taken. */
            worker: string;
        };
        /** @description Answer of `GET /v1/auth/options`: what the pages in front of the sign-in have to know. */
        AuthOptions: {
            /** @description Nobody administers this server yet: the init token that it printed makes somebody do so. */
            first_admin: boolean;
            /** @description Whether this server sends mail: then a sign-up waits for its mail, and a forgotten password can be reset by one. */
            mail: boolean;
            /** @description Whether people may sign up themselves. */
            signup: boolean;
        };
        /** @description A hatchery as a job that waits sees it. */
        Candidate: {
            /**
             * Format: int32
             * @description Workers with a job.
             */
            busy: number;
            /** @description Its workers offer everything and may run the job; `obstacles` says what is missing otherwise. */
            fits: boolean;
            /** @description Name of the hatchery. */
            hatchery: string;
            /** @description Names of its workers that are free now. */
            idle: string[];
            /** @description What its system last refused; empty = nothing. */
            last_error: string;
            /** @description One sentence for everything in the way. */
            obstacles: string[];
            /**
             * Format: int32
             * @description How many more it may start now.
             */
            room: number;
            /**
             * Format: int32
             * @description Workers on their way.
             */
            starting: number;
            /** @description It has been heard of lately. */
            up: boolean;
        };
        /** @description Answer of `GET /v1/jobs/{job}/candidates`: who could take a job that waits, and what keeps the others from it. */
        Candidates: {
            /** @description Groups whose hatcheries may run it; empty = all. */
            groups: string[];
            /** @description Every hatchery, those that could take it first. */
            hatcheries: components["schemas"]["Candidate"][];
            /**
             * Format: int64
             * @description Place, from 1, among the jobs that want the same hatcheries; absent if the job does not wait for a worker.
             */
            position?: number | null;
        };
        /** @description A part of a run that changed. */
        Change: {
            /** @description New status. */
            status: string;
            /** @description Node name, job ordinal or step; empty for the run. */
            subject: string;
            /** @description `run.created`, `run.updated`, `node.updated`, `job.updated`, `step.updated`. */
            type: string;
        };
        /** @description What a run was about. */
        ChangedRun: {
            /** @description Who wrote the commit. */
            author: string;
            /** @description Branch, or tag. */
            branch: string;
            /** @description Hash of the commit; this and the next are empty where the run does not know them. */
            hash: string;
            /** @description Message of the commit. */
            message: string;
            /**
             * Format: int64
             * @description Counted from 1 in its workflow.
             */
            number: number;
            /** @description Payload of the root, flattened. */
            payload: Record<string, never>;
            /** @description RFC 3339; when it was made. */
            start: string;
            /** @description Where it stands. */
            status: string;
            /** @description Who or what started it. */
            triggered_by: string;
        };
        /** @description What came since the last run of a workflow that went well. */
        Changes: {
            /** @description Runs after it, up to the one asked about, which comes first; at most 50. */
            runs: components["schemas"]["ChangedRun"][];
            /** @description Whether `since` and `runs` are those of the run's branch. */
            same_branch: boolean;
            since?: components["schemas"]["ChangedRun"] | null;
            /**
             * Format: int64
             * @description How many there are in all.
             */
            total: number;
        };
        /** @description An address that needs no token, for a minute. */
        Download: {
            /** @description Path and query. */
            url: string;
        };
        /** @description What a browser wants to save: `POST /v1/downloads`. */
        DownloadCreate: {
            /** @description A step's log or a file of a run, as a path of this API. */
            path: string;
        };
        /** @description Body of `POST …/encrypt`: makes a token that stands for a secret in files. */
        Encrypt: {
            /** @description Under which the secret is kept; the same name again keeps the token and replaces the secret. */
            name: string;
            /** @description Clear text. */
            value: string;
        };
        /** @description A token for files. */
        Encrypted: {
            /** @description Under which the secret is kept. */
            name: string;
            /** @description 32 lower-case hex digits. */
            token: string;
        };
        /** @description An environment. */
        Environment: {
            /** @description Repository that owns the definition; empty = none. */
            from_repository: string;
            /** @description RFC 3339. */
            last_modified: string;
            /** @description Unique in its project. */
            name: string;
        };
        /** @description An event of the stream `GET /v1/events` (SSE): `id` counts up, `event` is the type, `data` is this. */
        Event: {
            /** @description RFC 3339. */
            at: string;
            /**
             * Format: int32
             * @description As [`RunBrief::at_work`], for a run.
             */
            at_work?: number | null;
            /** @description What changed together with it. */
            changes?: components["schemas"]["Change"][];
            /**
             * Format: int32
             * @description As [`RunBrief::gates`], for a run.
             */
            gates?: number | null;
            /**
             * Format: int64
             * @description Resume with `Last-Event-ID`. 0 = not kept, so it has no place among the others.
             */
            id: number;
            /** @description Executions of nodes that are new or changed (`NodeRun::id`); empty = look at the whole run. */
            node_runs?: number[];
            /**
             * Format: int64
             * @description Run concerned.
             */
            number?: number | null;
            /** @description Key of the project concerned. */
            project_key?: string;
            /** @description New status of what the type names. */
            status?: string | null;
            /** @description What is concerned, where the type needs it. */
            subject?: string;
            /**
             * @description `run.created`, `run.updated`; `project.updated`, `workflow.updated`: definitions, settings or rights were changed,
             *     made or deleted; `fleet.updated`: something of queue, workers or hatcheries, at most once a second.
             */
            type: string;
            /**
             * Format: int64
             * @description As [`RunBrief::work_ms`], for a run, up to `at`.
             */
            work_ms?: number | null;
            /** @description Workflow concerned. */
            workflow_name?: string;
        };
        /** @description A user's OpenPGP key. */
        GpgKey: {
            /** @description Long key id, upper-case hex. */
            key_id: string;
            /** @description Armored public key. */
            public_key: string;
        };
        /** @description Body of `POST /v1/users/{username}/gpg-keys`. */
        GpgKeyImport: {
            /** @description Armored public key. */
            public_key: string;
        };
        /** @description Body of `PUT …/groups/{group}` on a project or workflow. */
        Grant: {
            /**
             * Format: int32
             * @description 4 read, 5 read and run, 7 everything.
             */
            level: number;
            /** @description On a project: leave its workflows' own permissions as they are. */
            only_project?: boolean;
        };
        /** @description A group. */
        Group: {
            /** @description Id. */
            id: string;
            /** @description Members, by user name. */
            members?: components["schemas"]["Member"][];
            /** @description Unique. */
            name: string;
            /** @description Organization; empty until it is known. */
            organization: string;
        };
        /** @description A group's level on a project or workflow. */
        GroupLevel: {
            /** @description Group name. */
            group: string;
            /**
             * Format: int32
             * @description 4, 5 or 7.
             */
            level: number;
        };
        /** @description A hatchery as `GET /v1/hatcheries` shows it. */
        Hatchery: {
            /** @description Id. */
            id: string;
            /** @description Last refusal of its provider; empty = none. */
            last_error: string;
            /** @description RFC 3339. */
            lastbeat: string;
            /** @description `local`, `docker`, … */
            model_type: string;
            /** @description Name. */
            name: string;
            /** @description What it offers. */
            offer: components["schemas"]["Offer"];
            /** @description `up`, or `down` when it has not been heard of for a minute. */
            status: string;
            /** @description Of the program. */
            version: string;
            /**
             * Format: int32
             * @description Workers starting or idle that are wanted of it now.
             */
            wanted: number;
            /** @description Workers it has by status. */
            workers: components["schemas"]["WorkerBrief"][];
        };
        /** @description Answer to a sync. */
        HatcheryOrders: {
            /** @description Workers that must go (job stopped and worker deaf, worker lost). */
            destroy: string[];
            /**
             * Format: int64
             * @description Version of these wishes.
             */
            version: number;
            /**
             * Format: int32
             * @description How many workers should exist that are starting or idle (besides the busy ones), for jobs that wait now.
             */
            wanted: number;
            /** @description What the server knows of this hatchery's workers, so that the plan can count idle and busy ones. */
            workers: components["schemas"]["WorkerBrief"][];
        };
        /** @description Body of `POST /v1/hatchery/register`; the token needs the scope `hatchery`. */
        HatcheryRegister: {
            /** @description Tells this process from another one that has taken the same name; empty = it is not told. */
            instance?: string;
            /** @description `local`, `docker`, … */
            model_type: string;
            /** @description Unique; the same name again is the same hatchery come back. */
            name: string;
            /** @description What its workers can do. */
            offer: components["schemas"]["Offer"];
            /** @description Of the hatchery program. */
            version: string;
        };
        /** @description Answer to a registration. */
        HatcheryRegistered: {
            /** @description This hatchery. */
            hatchery: string;
        };
        /** @description Body of `POST /v1/hatchery/sync`: what exists; waits up to `wait_ms` for something to change. */
        HatcherySync: {
            /**
             * Format: int32
             * @description Starts of workers that have failed since it began: tells a refusal of now from an old one.
             */
            failures?: number;
            /** @description This hatchery. */
            hatchery: string;
            /** @description Every instance the provider lists, in whatever state. */
            instances: components["schemas"]["InstanceReport"][];
            /** @description Last refusal of the provider, for people; empty = none. */
            last_error?: string;
            /** @description It ends: nothing more is to be asked of it. */
            leaving?: boolean;
            /** @description `last_error` was said for good: it starts nothing until somebody has mended that and started it anew. */
            refused?: boolean;
            /**
             * Format: int64
             * @description Version of the wishes last acted on; the call returns at once if there are newer ones.
             */
            seen: number;
            /**
             * Format: int64
             * @description How long to wait for newer wishes (at most 60,000).
             */
            wait_ms: number;
        };
        /** @description Answer of `GET /v1/health`. */
        Health: {
            /** @description One line for each component. */
            lines: components["schemas"]["HealthLine"][];
            /** @description `OK`, or `AL` (alert) with the component that is in trouble. */
            status: string;
        };
        /** @description One component's health. */
        HealthLine: {
            /** @description `store`, `blobs`, `queue`, … */
            component: string;
            /** @description `OK`, `WARN`, `AL`. */
            status: string;
            /** @description A figure or a sentence. */
            value: string;
        };
        /** @description A line about what happened. */
        Info: {
            /** @description RFC 3339. */
            at: string;
            /** @description `Info`, `Warning`, `Error`. */
            level: string;
            /**
             * Format: int32
             * @description Sub-number of the run it belongs to.
             */
            sub_number: number;
            /** @description A sentence. */
            text: string;
        };
        /** @description One instance of a provider. */
        InstanceReport: {
            /** @description False = it has ended; its job, if any, gets a new attempt at once. */
            alive: boolean;
            /** @description How it ended, e.g. `signal 9`; empty while alive. */
            exit?: string;
            /** @description The worker it was made for. */
            worker: string;
        };
        /** @description The end of a job as the worker saw it. */
        JobEnd: {
            /** @description True when the fault lies with the worker or its host, not with the job's steps: the job gets a new attempt. */
            infrastructure?: boolean;
            /** @description Why, if it failed before or beside its steps. */
            reason?: string | null;
            /** @description `Success`, `Fail`, `Disabled` or `Stopped`. */
            status: string;
            /** @description Variables set by `worker export`, `set-version`, checkout …: full names (`cds.build.x`, `git.hash`, `cds.semver`). */
            variables?: Record<string, never>;
        };
        /** @description A job of a stage. */
        JobRun: {
            /** @description Executions, the last is the one that counts. A lost worker makes a new attempt. */
            attempts: components["schemas"]["AttemptRun"][];
            /** @description RFC 3339; absent until ended. */
            done?: string | null;
            /** @description `<run>.<n>`. */
            id: string;
            /** @description What happened, in words. */
            infos: components["schemas"]["Info"][];
            /** @description Name. */
            name: string;
            /** @description RFC 3339; absent until queued. */
            queued?: string | null;
            /** @description RFC 3339; absent until begun. */
            start?: string | null;
            /** @description Where it stands. */
            status: string;
            waits?: components["schemas"]["WaitReason"] | null;
        };
        /** @description A key without its private part. */
        Key: {
            /** @description Not given to jobs. */
            disabled: boolean;
            /** @description Short id of a pgp key; empty for ssh. */
            key_id: string;
            /** @description With its prefix. */
            name: string;
            /** @description Public part. */
            public: string;
            /** @description `ssh` or `pgp`. */
            type: string;
        };
        /** @description Body of `POST …/keys`. */
        KeyCreate: {
            /** @description The owner's prefix (`proj-`, `app-`, `env-`) is put in front when missing. */
            name: string;
            /** @description `ssh` (ed25519), `ssh-rsa`, or `pgp`. */
            type: string;
        };
        /** @description Body of `PUT …/keys/{name}`. */
        KeyUpdate: {
            /** @description Not given to jobs. */
            disabled: boolean;
        };
        /** @description Bytes of one step's log. */
        LogChunk: {
            /**
             * Format: int64
             * @description When the last of them was printed, epoch milliseconds on the worker's clock.
             */
            at_ms: number;
            /** @description The bytes in standard base64, otherwise. */
            base64?: string | null;
            /**
             * Format: int64
             * @description Where in the step's log these bytes begin.
             */
            offset: number;
            /**
             * Format: int32
             * @description Step, counted from 0.
             */
            step: number;
            /** @description The bytes, if they are UTF-8. */
            text?: string | null;
        };
        /** @description A step's log in the list `GET …/runs/{number}/logs`. */
        LogFile: {
            /**
             * Format: int32
             * @description From 1.
             */
            attempt: number;
            /** @description Nothing will be added. */
            complete: boolean;
            /** @description `<run>.<n>`. */
            job: string;
            /**
             * Format: int64
             * @description Bytes stored so far.
             */
            length: number;
            /** @description `<workflow>-<num>.<sub>-pipeline.<node>-stage.<stage>-job.<job>-status.<S>-step.<n>.log`. */
            name: string;
            /**
             * Format: int32
             * @description Counted from 0.
             */
            step: number;
        };
        /** @description How much of a log the server holds. */
        LogLength: {
            /**
             * Format: int64
             * @description Bytes stored.
             */
            length: number;
            /**
             * Format: int32
             * @description Counted from 0.
             */
            step: number;
        };
        /** @description A line of a log. */
        LogLine: {
            /**
             * Format: int64
             * @description Epoch milliseconds, to the precision of the chunk it came with.
             */
            at_ms: number;
            /**
             * Format: int64
             * @description From 0.
             */
            n: number;
            /**
             * Format: int64
             * @description Byte offset of its beginning.
             */
            offset: number;
            /** @description Without its line end; invalid UTF-8 replaced. */
            text: string;
            /** @description True if only the beginning of a very long line is given. */
            truncated?: boolean;
        };
        /** @description Lines of a log: `GET /v1/jobs/{job}/attempts/{n}/steps/{s}/lines?first=&count=`. */
        LogLines: {
            /** @description Nothing will be added. */
            complete: boolean;
            /**
             * Format: int64
             * @description Number of the first one given, from 0.
             */
            first: number;
            /**
             * Format: int64
             * @description Bytes stored so far.
             */
            length: number;
            /** @description The lines. */
            lines: components["schemas"]["LogLine"][];
            /**
             * @description Colours and styles in force where the first line given begins, as parameters of a terminal's `ESC [ … m`, e.g.
             *     `1;31`. Found in the 64 KiB before it; empty = none.
             */
            sgr?: string;
            /**
             * Format: int64
             * @description Lines stored so far.
             */
            total: number;
        };
        /** @description A place in a log. */
        LogMatch: {
            /**
             * Format: int64
             * @description Line, from 0.
             */
            line: number;
            /**
             * Format: int64
             * @description Byte offset of the place.
             */
            offset: number;
        };
        /** @description A member of a group. */
        Member: {
            /** @description May change the group. */
            admin: boolean;
            /** @description For people. */
            fullname: string;
            /** @description User id. */
            id: string;
            /** @description User name. */
            username: string;
        };
        /** @description Body of `PUT /v1/groups/{group}/members/{username}`. */
        MemberPut: {
            /** @description May change the group. */
            admin: boolean;
        };
        /** @description Answer of calls that report what they did, line by line. */
        Messages: {
            /** @description E.g. `Workflow build has been created`. */
            messages: string[];
            /** @description Name of the workflow concerned, where there is one. */
            workflow?: string | null;
        };
        /** @description A name and nothing else; body of renames and simple creations. */
        Name: {
            /** @description The name. */
            name: string;
        };
        /** @description One execution of a node. */
        NodeRun: {
            /** @description RFC 3339; absent while it runs. */
            done?: string | null;
            /**
             * Format: int32
             * @description Ordinal in the run.
             */
            id: number;
            /** @description True if a person started exactly this node. */
            manual: boolean;
            /** @description Node name. */
            node: string;
            /** @description Parameters with their origin; empty where they were not asked for. */
            parameters: components["schemas"]["Parameter"][];
            /** @description Stages in order. */
            stages: components["schemas"]["StageRun"][];
            /** @description RFC 3339. */
            start: string;
            /** @description Where it stands. */
            status: string;
            /**
             * Format: int32
             * @description 0 for the first execution.
             */
            sub_number: number;
            waits?: components["schemas"]["WaitReason"] | null;
        };
        /** @description A node that did not run. */
        NotRun: {
            /** @description Nothing but a person is waited for: somebody may start it (`from_nodes`). */
            gate?: boolean;
            /** @description Node name. */
            node: string;
            /**
             * Format: int32
             * @description Sub-number in which it was decided.
             */
            sub_number: number;
            /** @description Each condition with the value it met. */
            why: string[];
        };
        /** @description What workers of a hatchery can do; jobs are matched against it (spec 13.2, 13.4). */
        Offer: {
            /** @description Executables on the host's PATH. */
            binaries?: string[];
            /** @description Of the host, for `hostname` requirements; empty = none can be met. */
            hostname?: string;
            /**
             * Format: int32
             * @description Workers at a time.
             */
            max_workers: number;
            /**
             * Format: int64
             * @description Largest `memory` requirement that can be met, MiB; 0 = not limited.
             */
            memory_mb?: number;
            /** @description Go names, e.g. `linux/amd64`. */
            os_arch: string;
            /** @description Region served; empty = jobs without a region. */
            region?: string;
        };
        /** @description A parameter of a node run and where it came from. */
        Parameter: {
            /** @description Full name. */
            name: string;
            /**
             * @description `project`, `application`, `environment`, `pipeline` (its default), `node` (the workflow sets it), `by hand` (given
             *     at the start), `payload`, `builtin`, `git`, `parent:<node>`, `export`.
             */
            origin: string;
            /** @description Its text comes from an event and may carry code. */
            tainted: boolean;
            /** @description Text after interpolation. */
            value: string;
        };
        /** @description Body of `POST /v1/auth/password`. */
        PasswordChange: {
            /** @description The password until now. */
            current: string;
            /** @description At least 8 characters. */
            password: string;
        };
        /** @description Body of `POST /v1/auth/reset`. */
        PasswordForgotten: {
            /** @description Mail address of the account. */
            email: string;
        };
        /** @description Body of `POST /v1/auth/reset/confirm`. */
        PasswordReset: {
            /** @description The new one; at least 8 characters. */
            password: string;
            /** @description From the mail or the link. */
            token: string;
        };
        /** @description A pipeline. */
        Pipeline: {
            /** @description For people. */
            description: string;
            /** @description Repository that owns the definition; empty = none. */
            from_repository: string;
            /** @description RFC 3339. */
            last_modified: string;
            /** @description Unique in its project. */
            name: string;
            /** @description Declared parameters, in file order. */
            parameters?: components["schemas"]["PipelineParameter"][];
        };
        /** @description A declared parameter of a pipeline. */
        PipelineParameter: {
            /** @description Default; of a `list`, `a;b;c` where the first is the default. */
            default: string;
            /** @description For people. */
            description?: string;
            /** @description Name; jobs see it as `cds.pip.<name>`. */
            name: string;
            /** @description `string`, `number`, `text`, `boolean`, `list`, `ssh-key`, `pgp-key`. */
            type: string;
        };
        /** @description A project. */
        Project: {
            /** @description RFC 3339. */
            created: string;
            /** @description For people. */
            description: string;
            /** @description Groups with their levels; only in answers about one project. */
            groups?: components["schemas"]["GroupLevel"][];
            /** @description Unique. */
            key: string;
            /** @description For people. */
            name: string;
            /**
             * Format: int32
             * @description What the caller may do: 4, 5 or 7.
             */
            permission: number;
            /** @description How text from events is spliced into scripts. */
            tainted_interpolation: string;
            /** @description Names of its workflows; only in answers about one project. */
            workflows?: string[];
        };
        /** @description Body of `POST /v1/projects`. */
        ProjectCreate: {
            /** @description For people. */
            description?: string;
            /** @description Group that gets level 7; empty = one is made, named after the project, with the caller as its administrator. */
            group?: string;
            /** @description Upper-case letters and digits. */
            key: string;
            /** @description For people. */
            name: string;
        };
        /** @description Body of `PUT /v1/projects/{key}`. */
        ProjectUpdate: {
            /** @description New description; absent = as it is. */
            description?: string | null;
            /** @description New name; absent = as it is. */
            name?: string | null;
            /** @description `inert`, `refuse` or `splice`; absent = as it is. */
            tainted_interpolation?: string | null;
        };
        /** @description A job that waits or runs, as `GET /v1/queue` shows it. */
        QueueJob: {
            /**
             * Format: int32
             * @description Which attempt, from 1.
             */
            attempt: number;
            /** @description Which job. */
            job: string;
            /** @description Job name. */
            name: string;
            /** @description Node name. */
            node: string;
            /**
             * Format: int64
             * @description Run number.
             */
            number: number;
            /** @description Project key. */
            project_key: string;
            reason?: components["schemas"]["WaitReason"] | null;
            /** @description Its requirements, in words (`binary: git`). */
            requirements: string[];
            /** @description RFC 3339; since when it has this status. */
            since: string;
            /** @description `Waiting` or `Building`. */
            status: string;
            /** @description Who started the run. */
            triggered_by: string;
            /** @description Worker that runs it. */
            worker?: string | null;
            /** @description Workflow name. */
            workflow_name: string;
        };
        /** @description A node that waits for its mutex: it has no jobs yet. */
        QueueNode: {
            /**
             * Format: int64
             * @description Number of the run that holds the mutex; absent while it is being given.
             */
            holder?: number | null;
            /** @description Node name. */
            node: string;
            /**
             * Format: int64
             * @description Run number.
             */
            number: number;
            /** @description Project key. */
            project_key: string;
            /** @description Why it waits. */
            reason: components["schemas"]["WaitReason"];
            /** @description RFC 3339; since when it waits. Absent where an older server wrote it down. */
            since?: string | null;
            /** @description Who started the run. */
            triggered_by: string;
            /** @description Workflow name. */
            workflow_name: string;
        };
        /** @description Answer to a report. */
        ReportAck: {
            /** @description The job has been stopped: kill it and report its end as `Stopped`. */
            cancel: boolean;
            /**
             * Format: int64
             * @description How long the attempt is this worker's, from when it sent this report, whatever becomes of the server; after that
             *     another server may give it to somebody else. Absent: no other server does, so as long as this one is down or can
             *     store nothing the attempt is nobody else's.
             */
            hold_ms?: number | null;
            /** @description Acknowledged length of each log touched, by step. */
            logs?: components["schemas"]["LogLength"][];
            next?: components["schemas"]["Assignment"] | null;
        };
        /** @description Answer of `POST /v1/users/{username}/reset`: what an administrator hands to somebody who forgot their password. */
        ResetLink: {
            /** @description RFC 3339; until when. */
            expires: string;
            /** @description Good for one use. */
            token: string;
            /** @description The page where a new password is chosen; holds the token. */
            url: string;
        };
        /** @description A run, whole. */
        Run: components["schemas"]["RunBrief"] & {
            /** @description What happened to the run, in words. */
            infos: components["schemas"]["Info"][];
            /** @description Executions of nodes, in order of creation. */
            node_runs: components["schemas"]["NodeRun"][];
            /** @description Graph of the run's snapshot, parents before children; empty where only some executions were asked for. */
            nodes: components["schemas"]["WorkflowNode"][];
            /** @description Nodes that were not run, and why (their conditions, with the values that decided). */
            not_run: components["schemas"]["NotRun"][];
            /** @description Root's payload, flattened; secrets cannot be in it. */
            payload: Record<string, never>;
        };
        /** @description A run in lists. */
        RunBrief: {
            /**
             * Format: int32
             * @description Jobs that a worker has, while the run is under way; 0 = everything that is left waits for something.
             */
            at_work?: number | null;
            /**
             * Format: int64
             * @description Milliseconds from start to the last end; of a running run, absent.
             */
            duration_ms?: number | null;
            /**
             * Format: int32
             * @description Nodes that nothing but a person keeps waiting: the run goes on when somebody starts them.
             */
            gates?: number;
            /** @description Id. */
            id: string;
            /** @description RFC 3339; when something last happened. */
            last_execution: string;
            /**
             * Format: int64
             * @description Counted from 1 in its workflow.
             */
            number: number;
            /** @description Why the run is set aside, if it is: its record can't be read. It can only be stopped or deleted. */
            parked?: string | null;
            /** @description Key of its project. */
            project_key: string;
            /** @description RFC 3339; when it was made. */
            start: string;
            /** @description Where it stands. */
            status: string;
            /**
             * Format: int32
             * @description Highest sub-number: 0 until something is restarted.
             */
            sub_number: number;
            /** @description In order of appearance. */
            tags: components["schemas"]["Tag"][];
            /** @description Who or what started it. */
            triggered_by: string;
            /** @description `cds.version`. */
            version: string;
            /**
             * Format: int64
             * @description Milliseconds in which a worker had a job of it, up to `last_execution`: not what lies between two restarts, before a
             *     person opened a gate or before a worker came. While `at_work` is more than 0, it grows. Absent where it is not known.
             */
            work_ms?: number | null;
            /** @description Name of its workflow. */
            workflow_name: string;
        };
        /** @description Body of `POST …/workflows/{workflow}/runs`. With `number`, an existing run goes on. */
        RunStart: {
            /**
             * @description With `number`: node names to start from; empty = the root.
             * @default []
             */
            from_nodes?: string[];
            /**
             * Format: int64
             * @description Go on with this run instead of making one.
             * @default null
             */
            number?: number | null;
            /**
             * @description With `number`: keep the jobs that ended well.
             * @default false
             */
            only_failed_jobs?: boolean;
            /** @description Pipeline parameters of the root or of the nodes started. */
            parameters?: Record<string, never>;
            /** @description Payload of any shape; flattened. Keys must not begin with `cds.`. Absent = the root's default. */
            payload?: Record<string, never> | null;
            /**
             * @description With `number`: take today's pipelines, applications and environments into the run's snapshot.
             * @default false
             */
            resync?: boolean;
        };
        /** @description Body of `POST …/runs/{number}/stop`. */
        RunStop: {
            /**
             * @description Only this node; absent = the whole run.
             * @default null
             */
            node?: string | null;
        };
        /** @description Something that `GET /v1/search` found. */
        SearchHit: {
            /** @description For people. */
            description: string;
            /** @description `project`, `workflow`, `application`, `pipeline`, `environment`, `run`. */
            kind: string;
            /** @description Its name; of a run, its workflow's. */
            name: string;
            /**
             * Format: int64
             * @description Number of a run.
             */
            number?: number | null;
            /** @description Key of its project. */
            project_key: string;
        };
        /** @description A session. */
        Session: {
            /** @description RFC 3339. */
            expires: string;
            /** @description Bearer token. */
            token: string;
            /** @description Who signed in. */
            user: components["schemas"]["User"];
        };
        /** @description Body of `POST /v1/auth/signin`. */
        SignIn: {
            /** @description Makes the first user an administrator. */
            init_token?: string | null;
            /** @description Their password. */
            password: string;
            /** @description Who. */
            username: string;
        };
        /** @description Body of `POST /v1/auth/signup` (also reachable as `/auth/consumer/local/signup`). */
        SignUp: {
            /** @description Where the verification mail goes. */
            email: string;
            /** @description For people. */
            fullname?: string;
            /** @description At least 8 characters. */
            password: string;
            /** @description 3 to 32 of `a-z 0-9 . _ -`. */
            username: string;
        };
        /** @description Body of `POST /v1/auth/signup/verify`. */
        SignUpVerify: {
            /** @description Makes the first user an administrator. */
            init_token?: string | null;
            /** @description From the mail. */
            token: string;
        };
        /** @description Answer to a sign-up. */
        SignedUp: {
            /** @description `verification_sent`, or `active` on a server without mail. */
            status: string;
        };
        /** @description A stage of a node run. */
        StageRun: {
            /** @description Jobs side by side. */
            jobs: components["schemas"]["JobRun"][];
            /** @description May be empty. */
            name: string;
            /** @description Where it stands. */
            status: string;
            /** @description Condition results that decided a skip. */
            why?: string[];
        };
        /** @description News of a step. */
        StepReport: {
            /**
             * Format: int64
             * @description Epoch milliseconds; absent = not ended.
             */
            done_ms?: number | null;
            /**
             * Format: int32
             * @description Exit status of the step's process, where there was one.
             */
            exit_code?: number | null;
            /**
             * Format: int64
             * @description With a final status: length of the step's log, after which it is complete.
             */
            log_length?: number | null;
            /** @description Why it failed. */
            reason?: string | null;
            /**
             * Format: int64
             * @description Epoch milliseconds; absent = not begun.
             */
            start_ms?: number | null;
            /** @description Where it stands. */
            status: string;
            /**
             * Format: int32
             * @description Counted from 0.
             */
            step: number;
        };
        /** @description A step of an attempt. */
        StepRun: {
            /** @description RFC 3339. */
            done?: string | null;
            /**
             * Format: int32
             * @description Exit status of its process.
             */
            exit_code?: number | null;
            /** @description Shown name. */
            name: string;
            /** @description A failure of it does not fail the job. */
            optional?: boolean;
            /** @description Why it failed. */
            reason?: string;
            /** @description RFC 3339. */
            start?: string | null;
            /** @description Where it stands. */
            status: string;
            /**
             * Format: int32
             * @description Counted from 0; names the log.
             */
            step: number;
        };
        /** @description A tag of a run. */
        Tag: {
            /** @description E.g. `git.branch`. */
            tag: string;
            /** @description Values of the same tag are joined by commas. */
            value: string;
        };
        /** @description A test case. */
        TestCase: {
            /**
             * @description Class.
             * @default
             */
            classname?: string;
            /**
             * @description Message and text of the failure, error or skip.
             * @default
             */
            message?: string;
            /**
             * @description `TestCase.<j>` if the file names none.
             * @default
             */
            name?: string;
            /**
             * @description `ok`, `failed`, `error`, `skipped`.
             * @default
             */
            status?: string;
            /**
             * @description Standard error.
             * @default
             */
            system_err?: string;
            /**
             * @description Standard output.
             * @default
             */
            system_out?: string;
            /**
             * @description Seconds, as written in the file.
             * @default
             */
            time?: string;
        };
        /** @description A test suite (spec 11.1); the counters are those of the cases. */
        TestSuite: {
            /**
             * @description Cases.
             * @default []
             */
            cases?: components["schemas"]["TestCase"][];
            /**
             * @description `TestSuite.<i>` if the file names none.
             * @default
             */
            name?: string;
            /**
             * @description Seconds, as written in the file.
             * @default
             */
            time?: string;
        };
        /** @description Test reports of a run. */
        Tests: {
            /**
             * Format: int32
             * @description Failed, errors included.
             */
            ko: number;
            /**
             * Format: int32
             * @description Passed.
             */
            ok: number;
            /**
             * Format: int32
             * @description Skipped.
             */
            skipped: number;
            /** @description Suites with their cases, by node. */
            suites: Record<string, never>;
            /**
             * Format: int32
             * @description All cases.
             */
            total: number;
        };
        /** @description A token without its secret. */
        Token: {
            /** @description RFC 3339. */
            created: string;
            /** @description True for the token of this call. */
            current: boolean;
            /** @description For people. */
            description: string;
            /** @description RFC 3339. */
            expires: string;
            /** @description Id. */
            id: string;
            /** @description RFC 3339; empty = never used. */
            last_used: string;
            /** @description For people. */
            name: string;
            /** @description Empty = all. */
            scopes: string[];
            /** @description `session`, `api`. */
            type: string;
        };
        /** @description Body of `POST /v1/auth/tokens`. */
        TokenCreate: {
            /** @description For people. */
            description?: string;
            /**
             * Format: int32
             * @description Days until it ends; 0 = 365.
             */
            duration_days?: number;
            /** @description For people. */
            name: string;
            /** @description Any of `user project workflow run admin hatchery read`; empty = all the owner may do. */
            scopes?: string[];
        };
        /** @description A new token; the secret is shown this once. */
        TokenCreated: {
            /** @description The bearer token. */
            secret: string;
            /** @description What it is. */
            token: components["schemas"]["Token"];
        };
        /** @description A user. */
        User: {
            /** @description RFC 3339. */
            created: string;
            /** @description For people. */
            fullname: string;
            /** @description Id. */
            id: string;
            /** @description Organization; `default`. */
            organization: string;
            /** @description `ADMIN`, `MAINTAINER` or `USER`. */
            ring: string;
            /** @description Unique. */
            username: string;
        };
        /** @description A variable; a secret's value shows as `**********`. */
        Variable: {
            /** @description Without the `cds.proj.` prefix. */
            name: string;
            /** @description `password`, `text`, `string`, `boolean`, `number`, … */
            type: string;
            /** @description The value. */
            value: string;
        };
        /** @description Answer of `GET /v1/version`. */
        Version: {
            /** @description E.g. `amd64`. */
            architecture: string;
            /** @description When it was built, or empty. */
            build_time: string;
            /** @description Commit it was built from, or `unknown`. */
            git_hash: string;
            /** @description E.g. `linux`. */
            os: string;
            /** @description Of this server. */
            version: string;
        };
        /** @description Why something waits, exactly. */
        WaitReason: {
            /**
             * @description Stable word: `no_hatchery`, `hatchery_down`, `no_permission`, `no_match`, `ready`, `worker_starting`,
             *     `worker_wanted`, `no_room`, `all_busy`, `mutex`, `parked`.
             */
            code: string;
            /** @description A sentence for people that names the requirement, the holder, the hatchery. */
            text: string;
        };
        /** @description A worker as `GET /v1/workers` shows it. */
        Worker: {
            /** @description Go's name. */
            arch: string;
            /** @description Hatchery's name. */
            hatchery: string;
            /** @description Id. */
            id: string;
            /** @description The job it runs, `<run>.<n>`; absent too if the caller may not read it. */
            job?: string | null;
            /**
             * Format: int32
             * @description Jobs it has run.
             */
            jobs_done: number;
            /** @description RFC 3339; empty = never heard of. */
            lastbeat: string;
            /** @description Name. */
            name: string;
            /** @description Go's name. */
            os: string;
            /** @description `Pending`, `Waiting`, `Building`, `Disabled`. */
            status: string;
            /** @description Of the program. */
            version: string;
        };
        /** @description A worker in a few words. */
        WorkerBrief: {
            /** @description `Pending` (ordered, not registered), `Waiting` (idle), `Building`, `Disabled` (gone). */
            status: string;
            /** @description Which worker. */
            worker: string;
        };
        /** @description Who a new worker is. */
        WorkerIdentity: {
            /** @description Its name. */
            name: string;
            /** @description Registers once, soon. */
            token: string;
            /** @description Its id; label the instance with it. */
            worker: string;
        };
        /** @description Body of `POST /v1/hatchery/workers`: asks for identities of workers about to be spawned. */
        WorkerOrder: {
            /**
             * Format: int32
             * @description How many.
             */
            count: number;
            /** @description This hatchery. */
            hatchery: string;
        };
        /** @description Identities for new workers. */
        WorkerOrders: {
            /** @description One for each. */
            workers: components["schemas"]["WorkerIdentity"][];
        };
        /** @description Body of `POST /v1/worker/register`, sent with the one-time token the hatchery got. */
        WorkerRegister: {
            /** @description Go's name, e.g. `amd64`. */
            arch: string;
            /** @description Of the host it runs on. */
            hostname: string;
            /** @description Shown name, e.g. `local-3f2a`. */
            name: string;
            /** @description Go's name, e.g. `linux`. */
            os: string;
            /**
             * Format: int32
             * @description Process id on that host, for people.
             */
            pid: number;
            /** @description Of the worker program. */
            version: string;
        };
        /** @description Answer to a registration. */
        WorkerRegistered: {
            /**
             * Format: int64
             * @description Send some report at least this often while a job runs; a worker without an answer for three times as long gives
             *     its attempt up.
             */
            heartbeat_ms: number;
            /**
             * Format: int64
             * @description End after this long without a job.
             */
            idle_timeout_ms: number;
            /**
             * Format: int32
             * @description End after this many jobs; 0 = no limit.
             */
            max_jobs: number;
            /** @description Bearer token for all further calls of this worker; ends with the worker. */
            token: string;
            /** @description This worker. */
            worker: string;
        };
        /** @description Body of `POST /v1/worker/report`: whatever happened since the last one, together. */
        WorkerReport: {
            /**
             * Format: int32
             * @description Fencing token.
             */
            attempt: number;
            end?: components["schemas"]["JobEnd"] | null;
            /** @description Which job. */
            job: string;
            /** @description Small log chunks, in order (large ones go to `PUT /v1/worker/logs/…`). */
            logs?: components["schemas"]["LogChunk"][];
            /** @description News of steps; each replaces what was known of that step. */
            steps?: components["schemas"]["StepReport"][];
            /**
             * Format: int64
             * @description With an end and `take_wait_ms`: as [`WorkerTake::number`]; one that is too old gives no job.
             */
            take_number?: number | null;
            /**
             * Format: int64
             * @description With an end: also take the next job, waiting up to this long (saves a round trip).
             *     Without an end: answer only when the job is to be cancelled, at the latest after this long, so that a stop
             *     need not wait for the next heartbeat. A server may answer at once instead.
             */
            take_wait_ms?: number | null;
        };
        /** @description Body of `POST /v1/worker/results`: a run result that has no file of ours (spec 11.3). */
        WorkerResult: {
            /**
             * Format: int32
             * @description Fencing token.
             */
            attempt: number;
            /** @description Further fields by type: `remote_url`; `repository_name`, `path`, `repository_type`. */
            data: Record<string, never>;
            /** @description A UUID that the worker has made: sent again, it is the same result. */
            id?: string | null;
            /** @description Which job. */
            job: string;
            /** @description Unique by type in the run. */
            name: string;
            /** @description `static-file` or `artifact-manager`. */
            type: string;
        };
        /** @description Body of `POST /v1/worker/tags`. */
        WorkerTags: {
            /**
             * Format: int32
             * @description Fencing token.
             */
            attempt: number;
            /** @description Which job. */
            job: string;
            /** @description Tags to add to the run. */
            tags: Record<string, never>;
        };
        /**
         * @description Body of `POST /v1/worker/take`: waits up to `wait_ms` (at most 60,000) for a job; 204 if none came.
         *
         *     A worker that asks has nothing: what it was given before gets a new attempt. One whose take has a number is answered
         *     by a take of the same number as before, and by one of an older number with 409 `old_take`, which changes nothing; its
         *     details hold the last number that was answered as `take=N`.
         */
        WorkerTake: {
            /**
             * Format: int64
             * @description 1 for the first take, and one more after each that was answered with a job. A take without answer, or without
             *     job, is repeated with the same number.
             */
            number?: number | null;
            /**
             * Format: int64
             * @description How long to wait.
             */
            wait_ms: number;
        };
        /** @description Body of `POST /v1/worker/tests`: parsed JUnit reports of one step. */
        WorkerTests: {
            /**
             * Format: int32
             * @description Fencing token.
             */
            attempt: number;
            /** @description Which job. */
            job: string;
            /**
             * Format: int32
             * @description Which step, from 0: sent again, it is the same report. Without it, one more.
             */
            step?: number | null;
            /** @description Suites with their cases. */
            suites: components["schemas"]["TestSuite"][];
        };
        /** @description Body of `POST /v1/worker/version` (spec 6.4: semver, unique in the workflow, set once). */
        WorkerVersion: {
            /**
             * Format: int32
             * @description Fencing token.
             */
            attempt: number;
            /** @description Which job. */
            job: string;
            /** @description The new `cds.version`. */
            version: string;
        };
        /** @description A workflow. */
        Workflow: {
            /** @description For people. */
            description: string;
            /** @description Repository that owns the definition; empty = none. */
            from_repository: string;
            /** @description Groups with their levels; only in answers about one workflow. */
            groups?: components["schemas"]["GroupLevel"][];
            /** @description Id; stable over new definitions. */
            id: string;
            /** @description RFC 3339. */
            last_modified: string;
            last_run?: components["schemas"]["RunBrief"] | null;
            /** @description Unique in its project. */
            name: string;
            /** @description The graph, parents before children; only in answers about one workflow. */
            nodes?: components["schemas"]["WorkflowNode"][];
            /**
             * Format: int32
             * @description What the caller may do: 4, 5 or 7.
             */
            permission: number;
            /** @description Key of its project. */
            project_key: string;
        };
        /** @description A node of a workflow's graph. */
        WorkflowNode: {
            /** @description Application; empty = none. */
            application: string;
            /** @description What must hold for it to run: checks, then the script; empty = nothing. */
            conditions?: string[];
            /** @description Of a run: a digest of the pipeline as this run has it. Another one = its stages, jobs, requirements or steps differ. */
            definition?: string;
            /** @description Environment; empty = none. */
            environment: string;
            /** @description `pipeline`, `join`, `fork`, `outgoinghook`. */
            kind: string;
            /** @description One at a time over all runs. */
            mutex: boolean;
            /** @description Unique in its workflow. */
            name: string;
            /** @description Values that the node gives the pipeline's parameters. */
            parameters?: Record<string, never>;
            /** @description Names of the nodes it waits for. */
            parents: string[];
            /** @description Default payload of the root, flattened. */
            payload: Record<string, never>;
            /** @description Pipeline; empty on other kinds. */
            pipeline: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
