//! Names, addresses and places. Names are put together from syllables, so that none is anybody's.

use uuid::Uuid;

/// Where a user lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// ISO 3166 code.
    pub country: &'static str,
    /// IANA zone.
    pub zone: &'static str,
    /// Currency of the invoices.
    pub currency: &'static str,
    /// Position in [`PLACES`].
    pub zone_index: u8,
    weight: u32,
}

const fn place(
    zone_index: u8,
    country: &'static str,
    zone: &'static str,
    currency: &'static str,
    weight: u32,
) -> Place {
    Place { country, zone, currency, zone_index, weight }
}

/// Where the company's users live; offsets of whole, half and quarter hours, with and without summer time.
pub static PLACES: [Place; 18] = [
    place(0, "US", "America/New_York", "USD", 17),
    place(1, "US", "America/Los_Angeles", "USD", 11),
    place(2, "US", "America/Chicago", "USD", 8),
    place(3, "CA", "America/Toronto", "USD", 5),
    place(4, "CA", "America/St_Johns", "USD", 2),
    place(5, "BR", "America/Sao_Paulo", "USD", 4),
    place(6, "GB", "Europe/London", "GBP", 11),
    place(7, "DE", "Europe/Berlin", "EUR", 12),
    place(8, "FR", "Europe/Paris", "EUR", 7),
    place(9, "ES", "Europe/Madrid", "EUR", 4),
    place(10, "FI", "Europe/Helsinki", "EUR", 2),
    place(11, "IN", "Asia/Kolkata", "INR", 6),
    place(12, "NP", "Asia/Kathmandu", "NPR", 1),
    place(13, "SG", "Asia/Singapore", "USD", 2),
    place(14, "JP", "Asia/Tokyo", "JPY", 4),
    place(15, "AU", "Australia/Sydney", "USD", 2),
    place(16, "AU", "Australia/Adelaide", "USD", 1),
    place(17, "NZ", "Pacific/Auckland", "USD", 1),
];

impl Place {
    /// The place this draw from 0 to 2^32 falls on.
    pub(crate) fn pick(draw: u32) -> Self {
        let total: u32 = PLACES.iter().map(|place| place.weight).sum();
        let mut left = u32::try_from((u64::from(draw) * u64::from(total)) >> 32).expect("below the total");
        for place in PLACES {
            if left < place.weight {
                return place;
            }
            left -= place.weight;
        }
        PLACES[0]
    }
}

const ONSETS: [&str; 24] = [
    "Al", "Bre", "Cor", "Da", "El", "Fen", "Gar", "Ha", "Ili", "Jo", "Ka", "Lo", "Mar", "Ne", "Or", "Pel",
    "Ra", "Sa", "Ta", "Ul", "Va", "Wen", "Yo", "Ze",
];
const MIDDLES: [&str; 12] = ["ri", "la", "na", "vo", "mi", "the", "do", "se", "lu", "ka", "ve", "bi"];
const ENDINGS: [&str; 16] =
    ["n", "ra", "s", "lle", "m", "th", "na", "ro", "x", "nne", "l", "sh", "ta", "ko", "d", "ya"];
const HOUSES: [&str; 20] = [
    "Ash", "Brook", "Cray", "Dell", "East", "Fern", "Glen", "Hazel", "Iver", "Kes", "Lark", "Mor", "North",
    "Oak", "Penn", "Quill", "Rook", "Stan", "Thorn", "Wick",
];
const LANDS: [&str; 16] = [
    "by", "combe", "dale", "field", "ford", "gate", "ham", "holt", "ley", "mere", "mond", "more", "stead",
    "ton", "wold", "worth",
];
const TRADES: [&str; 12] = [
    "Books", "Editions", "Journal", "Letters", "Library", "Media", "Pages", "Press", "Reader", "Review",
    "Studio", "Works",
];
const DOMAINS: [&str; 6] = [
    "example.com",
    "example.org",
    "example.net",
    "mail.example.com",
    "post.example.org",
    "inbox.example.net",
];

/// A made-up person.
pub(crate) struct Person {
    user: u32,
    id: Uuid,
    bits: u128,
}

impl Person {
    pub(crate) fn of(user: u32, id: Uuid) -> Self {
        Self { user, id, bits: id.as_u128() }
    }

    pub(crate) fn name(&self, status: &str) -> Option<String> {
        (status != "erased").then(|| format!("{} {}", self.given(), self.family()))
    }

    pub(crate) fn email(&self, status: &str, is_admin: bool) -> String {
        if status == "erased" {
            return format!("erased-{}@users.invalid", self.id);
        }
        let (given, family) = (self.given().to_lowercase(), self.family().to_lowercase());
        if is_admin {
            return format!("{given}.{family}@corvidpress.example");
        }
        // The number keeps addresses apart: there are fewer names than users.
        format!("{given}.{family}{}@{}", self.user, DOMAINS[self.part(48, DOMAINS.len())])
    }

    fn given(&self) -> String {
        let middle = if self.part(8, 3) == 0 { "" } else { MIDDLES[self.part(12, MIDDLES.len())] };
        format!("{}{middle}{}", ONSETS[self.part(0, ONSETS.len())], ENDINGS[self.part(20, ENDINGS.len())])
    }

    fn family(&self) -> String {
        place_name(self.bits >> 28)
    }

    /// A number below `count` from the id's bits at `shift`; ids are random there.
    fn part(&self, shift: u32, count: usize) -> usize {
        part(self.bits, shift, count)
    }
}

/// The name of a team.
pub(crate) fn team_name(id: Uuid) -> String {
    let bits = id.as_u128();
    format!("{} {}", place_name(bits), TRADES[part(bits, 20, TRADES.len())])
}

fn place_name(bits: u128) -> String {
    format!("{}{}", HOUSES[part(bits, 0, HOUSES.len())], LANDS[part(bits, 10, LANDS.len())])
}

fn part(bits: u128, shift: u32, count: usize) -> usize {
    usize::try_from((bits >> shift) & 0x3ff).expect("ten bits") % count
}
