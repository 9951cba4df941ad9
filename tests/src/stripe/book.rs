//! The books: what there is, who may look, and what goes wrong next.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use serde_json::{Value, json};

use super::{READER, Refused, SECRET, list};

/// Items that come with a subscription; the rest is a list of its own.
const ITEMS_WITH: usize = 10;

/// A key and what it may do.
#[derive(Debug, Clone)]
pub struct Key {
    /// The account it belongs to.
    pub account: String,
    /// Lists it may not read.
    pub refused: BTreeSet<String>,
    /// Whether it may change anything.
    pub may_write: bool,
}

/// What goes wrong instead of an answer.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// The status.
    pub status: u16,
    /// `Retry-After`.
    pub retry_after: Option<u64>,
    /// `Stripe-Should-Retry`.
    pub should_retry: Option<bool>,
}

impl Fault {
    /// A bare status.
    pub fn status(status: u16) -> Self {
        Self { status, retry_after: None, should_retry: None }
    }
}

/// A request that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Method.
    pub method: String,
    /// Path.
    pub path: String,
    /// Query or form.
    pub pairs: Vec<(String, String)>,
    /// `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// `Stripe-Version`.
    pub version: Option<String>,
}

impl Seen {
    /// The first value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn expands(&self, what: &str) -> bool {
        self.pairs.iter().any(|(name, value)| name == "expand[]" && value == what)
    }
}

/// Something done to the books once so many requests came.
type Hook = Box<dyn FnOnce(&mut Books) + Send>;

/// Everything the server knows.
pub struct Books {
    /// Objects by list, in the order they were made.
    objects: BTreeMap<String, Vec<Value>>,
    keys: HashMap<String, Key>,
    faults: VecDeque<Fault>,
    hooks: Vec<(usize, Hook)>,
    seen: Vec<Seen>,
    /// Answers already given, by idempotency key, with the request they were given for.
    pub(super) answered: HashMap<String, (Seen, Value)>,
    made: u64,
}

impl Books {
    pub(super) fn new() -> Self {
        let key =
            |may_write: bool| Key { account: "acct_test".to_owned(), refused: BTreeSet::new(), may_write };
        Self {
            objects: BTreeMap::new(),
            keys: HashMap::from([(SECRET.to_owned(), key(true)), (READER.to_owned(), key(false))]),
            faults: VecDeque::new(),
            hooks: Vec::new(),
            seen: Vec::new(),
            answered: HashMap::new(),
            made: 0,
        }
    }

    /// Puts an object into a list, newer than all others of it.
    pub fn add(&mut self, list: &str, object: Value) {
        self.objects.entry(list.to_owned()).or_default().push(object);
    }

    /// An object, to change it.
    pub fn object(&mut self, list: &str, id: &str) -> Option<&mut Value> {
        self.objects.get_mut(list)?.iter_mut().find(|object| object["id"] == id)
    }

    /// Objects of a list, in the order they were made.
    pub fn all(&self, list: &str) -> &[Value] {
        self.objects.get(list).map_or(&[], Vec::as_slice)
    }

    /// Takes an object away; whether it was there.
    pub fn remove(&mut self, list: &str, id: &str) -> bool {
        let Some(objects) = self.objects.get_mut(list) else { return false };
        let before = objects.len();
        objects.retain(|object| object["id"] != id);
        objects.len() < before
    }

    /// Makes a key known.
    pub fn allow(&mut self, text: &str, key: Key) {
        self.keys.insert(text.to_owned(), key);
    }

    /// Makes a key unknown.
    pub fn revoke(&mut self, text: &str) {
        self.keys.remove(text);
    }

    pub(super) fn key(&self, text: &str) -> Option<Key> {
        self.keys.get(text).cloned()
    }

    /// What goes wrong with the next requests, one each.
    pub fn fail(&mut self, faults: impl IntoIterator<Item = Fault>) {
        self.faults.extend(faults);
    }

    pub(super) fn next_fault(&mut self) -> Option<Fault> {
        self.faults.pop_front()
    }

    /// Does something as soon as so many further requests came, before the last of them is answered.
    pub fn after(&mut self, requests: usize, hook: impl FnOnce(&mut Self) + Send + 'static) {
        self.hooks.push((self.seen.len() + requests, Box::new(hook)));
    }

    /// The requests so far.
    pub fn seen(&self) -> &[Seen] {
        &self.seen
    }

    /// A number no object was made with yet.
    pub(super) fn next_number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    pub(super) fn note(&mut self, seen: Seen) {
        self.seen.push(seen);
        let count = self.seen.len();
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.hooks).into_iter().partition(|(at, _)| *at <= count);
        self.hooks = later;
        for (_, hook) in due {
            hook(self);
        }
    }

    pub(super) fn read(&self, key: &Key, seen: &Seen) -> Result<Value, Refused> {
        let parts: Vec<&str> = seen.path.trim_start_matches("/v1/").split('/').collect();
        match parts.as_slice() {
            ["account"] => Ok(json!({
                "id": key.account,
                "object": "account",
                "settings": { "dashboard": { "display_name": "Acme, Inc." } },
            })),
            ["subscription_items"] => self.items(seen),
            [name] => self.page(name, seen),
            [name, id] => {
                let object = self.all(name).iter().find(|object| object["id"] == *id);
                object.cloned().ok_or(Refused::missing("id"))
            }
            _ => Err(Refused::missing("path")),
        }
    }

    fn page(&self, name: &str, seen: &Seen) -> Result<Value, Refused> {
        let matches = |object: &Value| {
            ["customer", "subscription"]
                .iter()
                .all(|field| seen.get(field).is_none_or(|wanted| object[field] == wanted))
                && match (name, seen.get("status")) {
                    ("subscriptions", None) => object["status"] != "canceled",
                    ("subscriptions", Some("all")) | (_, None) => true,
                    (_, Some(status)) => object["status"] == status,
                }
        };
        let newest_first: Vec<&Value> =
            self.all(name).iter().rev().filter(|object| matches(object)).collect();
        let (rows, has_more) = cut(&newest_first, seen)?;
        let rows = rows.into_iter().map(|object| shown(name, object.clone(), seen)).collect();
        Ok(list(rows, has_more, &seen.path))
    }

    /// The items of a subscription, in their order.
    fn items(&self, seen: &Seen) -> Result<Value, Refused> {
        let id = seen.get("subscription").ok_or(Refused::wrong("parameter_missing", "subscription"))?;
        let subscription = self
            .all("subscriptions")
            .iter()
            .find(|object| object["id"] == id)
            .ok_or(Refused::missing("subscription"))?;
        let items: Vec<&Value> = subscription["items"]["data"].as_array().into_iter().flatten().collect();
        let (rows, has_more) = cut(&items, seen)?;
        Ok(list(rows.into_iter().cloned().collect(), has_more, &seen.path))
    }
}

/// The rows after `starting_after`, at most `limit`.
fn cut<'v>(rows: &[&'v Value], seen: &Seen) -> Result<(Vec<&'v Value>, bool), Refused> {
    let limit: usize = seen
        .get("limit")
        .unwrap_or("10")
        .parse()
        .map_err(|_| Refused::wrong("parameter_invalid", "limit"))?;
    if !(1..=100).contains(&limit) {
        return Err(Refused::wrong("parameter_invalid", "limit"));
    }
    let from = match seen.get("starting_after") {
        None => 0,
        Some(id) => {
            let at = rows.iter().position(|row| row["id"] == id);
            at.ok_or(Refused::wrong("resource_missing", "starting_after"))? + 1
        }
    };
    let rest = &rows[from..];
    Ok((rest.iter().take(limit).copied().collect(), rest.len() > limit))
}

/// An object as a list shows it: references are ids where they were not asked for.
fn shown(name: &str, mut object: Value, seen: &Seen) -> Value {
    if name != "subscriptions" {
        return object;
    }
    if !seen.expands("data.discounts") {
        collapse(&mut object["discounts"]);
    }
    let Some(items) = object["items"]["data"].as_array_mut() else { return object };
    if !seen.expands("data.items.data.discounts") {
        items.iter_mut().for_each(|item| collapse(&mut item["discounts"]));
    }
    let has_more = items.len() > ITEMS_WITH;
    items.truncate(ITEMS_WITH);
    object["items"]["has_more"] = has_more.into();
    object
}

fn collapse(discounts: &mut Value) {
    for discount in discounts.as_array_mut().into_iter().flatten() {
        *discount = discount["id"].take();
    }
}
