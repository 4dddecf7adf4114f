/**
 * Types of Karla's browser SDK: its elements, their events, and the order that they show.
 *
 * Keep this file beside your code and let your compiler include it. It declares, and imports nothing: the SDK itself is
 * a script of the page.
 */

/** Which order, by its number with the ZIP code it goes to, or by its token, which may more. */
export interface KarlaIdentity {
  orderNumber?: string;
  zipCode?: string;
  token?: string;
}

/** What `error` tells. `key` is stable; `message` is in the shopper's language. */
export interface KarlaErrorDetail {
  /**
   * Karla's own where it answered, as `order_not_found`, `order_token_invalid`, `too_many_attempts` and
   * `page_switched_off`. `unreachable`: Karla doesn't answer, or doesn't allow this page's origin. `not_shown`: the
   * page's own policy forbids it. `shop_missing`: nobody said which shop. `unexpected`: an answer that is none.
   */
  key:
    | "order_not_found"
    | "order_token_invalid"
    | "too_many_attempts"
    | "page_switched_off"
    | "unreachable"
    | "not_shown"
    | "shop_missing"
    | "unexpected"
    | (string & {});
  message: string;
  /** Of HTTP; 0 where there was no answer. */
  status: number;
}

/** What `ready` tells: once for each element, when it shows something for the first time. */
export interface KarlaReadyDetail {
  /** Null where the element shows its finder. */
  order: StorefrontOrder | null;
}

/** What `order-loaded` tells. */
export interface KarlaOrderLoadedDetail {
  order: StorefrontOrder;
  /** Whether the order was shown before, and has only been brought up to date. */
  update: boolean;
}

/** What `event` tells: something has happened to a parcel while the element was on the page. */
export interface KarlaEventDetail {
  order: StorefrontOrder;
  shipment: StorefrontShipment;
  entry: TimelineEntry;
}

/** What `action` tells, before it is done: `preventDefault()` leaves it to you. */
export interface KarlaActionDetail {
  /**
   * What the shopper chose: `carrier_link`, `redirect_link` (the carrier's own page to change the delivery), `calendar`,
   * `claim`, `cancel`, `address`, `shop_link`, `slot`, `product`, `faq`, `service`, `map`; else `link` or `form`.
   */
  action: string;
  /** Where it leads, in a new tab. */
  url: string;
  order: StorefrontOrder | null;
}

/** The events of Karla's elements. All but `error` bubble. */
export interface KarlaElementEventMap {
  ready: CustomEvent<KarlaReadyDetail>;
  "order-loaded": CustomEvent<KarlaOrderLoadedDetail>;
  event: CustomEvent<KarlaEventDetail>;
  action: CustomEvent<KarlaActionDetail>;
  error: CustomEvent<KarlaErrorDetail>;
}

/** What both elements have. Attributes: `shop-slug`, `lang`, `theme`. */
export interface KarlaElement extends HTMLElement {
  /** The order that is shown, or null. */
  readonly order: StorefrontOrder | null;
  /** Asks anew; what is shown stays until the answer is there. Gives the order, or null where there is none. */
  refresh(): Promise<StorefrontOrder | null>;
  /** Shows another order. Gives it, or null where it can't be shown: `error` says why. */
  open(identity: KarlaIdentity): Promise<StorefrontOrder | null>;

  addEventListener<K extends keyof KarlaElementEventMap>(
    type: K,
    listener: (this: this, event: KarlaElementEventMap[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener<K extends Exclude<keyof HTMLElementEventMap, keyof KarlaElementEventMap>>(
    type: K,
    listener: (this: this, event: HTMLElementEventMap[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

/** `<karla-tracking>`. Further attributes: `order-number`, `zip-code`, `token`, `from-url`. */
export interface KarlaTrackingElement extends KarlaElement {}

/** `<karla-order-finder>`. Further attribute: `for`, the id of the `<karla-tracking>` that shows what was found. */
export interface KarlaOrderFinderElement extends KarlaElement {}

/** `window.Karla`. */
export interface KarlaGlobal {
  readonly version: string;
  /** The address of the Karla that the elements ask. */
  readonly base: string;
  /** Of `data-shop-slug`. */
  readonly shop: string | null;
}

declare global {
  const Karla: KarlaGlobal;
  interface HTMLElementTagNameMap {
    "karla-tracking": KarlaTrackingElement;
    "karla-order-finder": KarlaOrderFinderElement;
  }
  interface Window {
    readonly Karla: KarlaGlobal;
  }
}

/** ISO 8601 with offset. */
export type Timestamp = string;

export type Level = "zip_code" | "token";

export type Situation =
  | "expected"
  | "announced"
  | "on_the_way"
  | "out_for_delivery"
  | "waiting"
  | "delivered"
  | "delayed"
  | "failed"
  | "lost"
  | "damaged"
  | "returning"
  | "returned"
  | "cancelled";

export type OrderState =
  | "placed"
  | "preparing"
  | "partially_shipped"
  | "on_the_way"
  | "out_for_delivery"
  | "waiting"
  | "partially_delivered"
  | "delivered"
  | "delayed"
  | "failed"
  | "lost"
  | "returning"
  | "returned"
  | "cancelled";

export type Flow = "notReceived" | "defective" | "return";

/** A state in words, in the asked language; only `subtitle` may be empty. */
export interface Texts {
  status: string;
  headline: string;
  title: string;
  subtitle: string;
}

/** A stage of a parcel's way. `failed` is where it stopped, and has no later steps that are done. */
export interface Step {
  key:
    | "ordered"
    | "packed"
    | "on_the_way"
    | "out_for_delivery"
    | "waiting"
    | "delivered"
    | "returned"
    | "cancelled";
  state: "done" | "current" | "upcoming" | "failed";
  at: Timestamp | null;
}

/**
 * A line of an order or of a parcel. Prices are told to those who came by a token, else null. `image_url`
 * is a small picture that Karla serves itself; null where the shop gave none.
 */
export interface Item {
  title: string;
  variant: string | null;
  quantity: number;
  sku: string | null;
  image_url: string | null;
  image_alt: string;
  url: string | null;
  price: number | null;
  parts: Item[];
}

/**
 * One thing that happened. `timezone` (IANA) is that of its place where that is known, else the
 * destination's. `carrier_text` is the carrier's own wording.
 */
export interface TimelineEntry {
  event_id: string;
  event_name: string;
  phase: string;
  flag: string;
  time: Timestamp;
  timezone: string;
  place: string | null;
  label: string;
  carrier_text: string | null;
}

/** Who carries it; `redirect_url` is where the carrier lets its receiver change the delivery, if it does. */
export interface ParcelCarrier {
  reference: string | null;
  name: string;
  tracking_url: string | null;
  redirect_url: string | null;
}

/**
 * When it is expected, in the destination's time zone. `whole_days` says that no hours are known: both ends
 * are days then. `promised` is by the carrier or the shop; else it is Karla's forecast, which comes true
 * with `confidence`.
 */
export interface ArrivalWindow {
  from: Timestamp;
  to: Timestamp;
  whole_days: boolean;
  promised: boolean;
  confidence: number | null;
}

/** Where it waits, or was handed over; `type` is shop, locker, neighbor, letterbox or null. */
export interface Pickup {
  type: string | null;
  name: string | null;
  address: string | null;
  url: string | null;
  opening_hours: string[];
  until: Timestamp | null;
}

/** How it was handed over, where the carrier says; the photo is served by Karla itself. */
export interface Proof {
  photo_url: string | null;
  signed_by: string | null;
  neighbour: string | null;
  place: string | null;
}

/**
 * A parcel, or one that is expected (`situation` `expected`: no tracking number yet). `entries` are newest
 * first. `items` are those of this parcel where `items_known`, else all of the order's. `flows` are the
 * claims that make sense now.
 */
export interface StorefrontShipment {
  id: string;
  number: number;
  situation: Situation;
  direction: string;
  phase: string;
  flag: string;
  tracking_number: string | null;
  texts: Texts;
  carrier: ParcelCarrier | null;
  expected: ArrivalWindow | null;
  steps: Step[];
  entries: TimelineEntry[];
  items: Item[];
  items_known: boolean;
  pickup: Pickup | null;
  proof: Proof | null;
  delivered_at: Timestamp | null;
  updated_at: Timestamp;
  flows: Flow[];
}

/**
 * Whether something may be done now; `reason` why not. `token_needed`, `shipped`, `cancelled`,
 * `switched_off` (by the shop), else null.
 */
export interface Gate {
  allowed: boolean;
  reason: "token_needed" | "shipped" | "cancelled" | "switched_off" | null;
}

/** What this session may do. */
export interface Allowed {
  claim: Gate;
  cancel: Gate;
  change_address: Gate;
}

/**
 * Where it goes. Those who came by number and ZIP code see only city, ZIP code and country. `timezone` is
 * an IANA name; `address` has the members of an order's address.
 */
export interface Destination {
  city: string | null;
  zip_code: string | null;
  country_code: string | null;
  country: string | null;
  timezone: string;
  address: Record<string, unknown> | null;
}

/** Colours as `#rrggbb`; each `on_…` and each text colour has at least AA contrast on what it stands on. */
export interface Palette {
  background: string;
  surface: string;
  text: string;
  muted: string;
  line: string;
  accent: string;
  on_accent: string;
  accent_text: string;
  positive: string;
  positive_soft: string;
  warning: string;
  warning_soft: string;
  negative: string;
  negative_soft: string;
}

/**
 * A shop's design, resolved: what it didn't choose is its theme's. `texts` are in the asked language.
 * `hidden` names blocks that the shop doesn't show.
 */
export interface Brand {
  theme: string;
  mode: "auto" | "light" | "dark";
  light: Palette;
  dark: Palette;
  font: string;
  heading_font: string;
  heading_weight: number;
  radius: "none" | "small" | "medium" | "large";
  density: "compact" | "regular" | "spacious";
  logo_url: string | null;
  logo_dark_url: string | null;
  background_url: string | null;
  hidden: string[];
  texts: Record<string, string>;
}

/** Where the shop leads its shoppers. */
export interface Links {
  shop_url: string | null;
  faq_url: string | null;
  service_url: string | null;
  resolve_url: string | null;
  imprint_url: string | null;
  privacy_url: string | null;
}

/**
 * What anybody may know of a shop. `language` is the shop's own, `languages` all that texts are there in.
 * `embedding_origins` may show the page within theirs.
 */
export interface StorefrontShop {
  slug: string;
  name: string;
  language: string;
  languages: string[];
  page_enabled: boolean;
  links: Links;
  brand: Brand;
  embedding_origins: string[];
  campaign: Record<string, string>;
}

/** A campaign's place on the page. */
export interface Slot {
  id: string;
  title: string;
  subtitle: string | null;
  label: string | null;
  url: string | null;
  image_url: string | null;
  code: string | null;
}

/** A product of a campaign. */
export interface ProductOffer {
  id: string;
  title: string;
  url: string;
  image_url: string | null;
  price: number | null;
  currency: string | null;
  badge: "new" | "sale" | null;
}

/** What campaigns and announcements put on the page; empty where there are none. */
export interface Slots {
  banner: Slot | null;
  basic: Slot | null;
  products: ProductOffer[];
  announcements: string[];
}

/**
 * An order as its shopper sees it, texts in `language`. `updated_at` is the last change of order or
 * parcels.
 */
export interface StorefrontOrder {
  order_number: string;
  order_name: string | null;
  placed_at: Timestamp;
  cancelled_at: Timestamp | null;
  updated_at: Timestamp;
  state: OrderState;
  texts: Texts;
  language: string;
  currency: string;
  destination: Destination;
  items: Item[];
  total_price: number | null;
  shipments: StorefrontShipment[];
  expected_packages: number;
  level: Level | "demo";
  allowed: Allowed;
  slots: Slots;
  shop: StorefrontShop;
}
