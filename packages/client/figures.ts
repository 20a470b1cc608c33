// Every figure of the client: how long, how many, how much; with the clause where it is the contract's, and the reason where it is ours.

/** A poll waits this long unless told otherwise: proxies cut idle requests at 30 to 60 s (6.3.1). */
export const POLL_WAIT_MS = 25_000;
/** A connection that lasted this long ended for a reason of its own: the next attempt is the first again. */
export const STEADY_MS = 10_000;
/** How long a socket that is looked after (the page is visible again, the network is back) may take to answer. */
export const CHECK_MS = 5000;
/** For how long an attempt that was given up may still be on its way: proxies wait about a minute for what they connect to. */
export const STRAY_MS = 120_000;
/** How often in a row new credentials are got at once; then backing off. */
export const RENEWALS = 2;
/** After which clients give up an attempt (6.1.1). */
export const TIMEOUT_MS = 30_000;
/** The longest that a header makes a request wait: that of the window of 7.1.1. A page of something between that names hours is asked again, for what it speaks of may be back in minutes. */
export const MOST_RETRY_AFTER_MS = 60_000;
/** Without a welcome in this time it counts as not opened (6.3.2). */
export const WELCOME_MS = 5000;
/** How many silent heartbeat intervals make a connection dead (5.1.3). */
export const SILENT_INTERVALS = 2;
/** How often a request is tried again (8.2.1). */
export const RETRIES = 3;
/** They double from 1 s and stay at this: of polls there is no end. */
export const RETRY_MAX_MS = 16_000;
/** The part of it that a retry is spread by (8.2.1). */
export const RETRY_SPREAD = 0.2;
/** Every reconnect is spread by up to 1 s (5.3). */
export const SPREAD_MS = 1000;
/** A lost connection is tried without end, backing off to 30 s (8.2.1). */
export const RECONNECT_MAX_MS = 30_000;
/** While messages flow by long-polling the WebSocket is tried less and less, down to once in 60 s (6.3.2). */
export const UPGRADE_MAX_MS = 60_000;
/** What waits for a slow handler before its stream is left; it is joined again when half of that is done. */
export const MOST_WAITING = 1000;
/** In bytes, about. */
export const MOST_BYTES = 8 * 1024 * 1024;
/** A handler that insists and fails is tried again, backing off to this. */
export const HANDLER_RETRY_MAX_MS = 30_000;
/** How long acknowledgements are gathered; a redelivery comes after 30 s, and a crash repeats about this much. */
export const GATHER_MS = 100;
/** How long an end waits for the server: what that did not take as acknowledged comes again. */
export const LEAVE_MS = 5000;
/** Patterns of one subscription or poll (6.2.3). */
export const MOST_PATTERNS = 100;
/** Bytes of patterns of one poll: its URL stays below 8 KB. */
export const MOST_TEXT = 6000;
/** A connection may have 1,000 subscriptions (6.2.3); beyond this many those that are less than half full are packed anew. */
export const MOST_LANES = 256;
/** Lanes that are opened at once; what is added while so many are under way gathers, and is packed together. */
export const MOST_OPENING = 8;
/** Polls at once: a client may have 10 connections (7.1.2), and other tabs want some. */
export const POLL_SLOTS = 4;
/** Messages of a page. */
export const PAGE_LIMIT = 500;
/** How long an answer may be late before the poll counts as stuck behind something that is dead. */
export const LATE_MS = 10_000;
/** The wait of polls that take turns. */
export const TURN_MS = 1000;
