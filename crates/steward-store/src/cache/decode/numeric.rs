//! `numeric`: exact decimal text, and nano units for costs.

use std::fmt::Write as _;

/// One base-10,000 digit string of the server: `value = Σ digits[i] · 10000^(weight − i)`.
struct Numeric<'a> {
    weight: i32,
    sign: u16,
    scale: usize,
    digits: &'a [u8],
}

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const MINUS_INFINITY: u16 = 0xF000;

impl<'a> Numeric<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (head, digits) = bytes.split_first_chunk::<8>()?;
        let word = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
        let is_whole = digits.len() == 2 * usize::from(word(0));
        let are_digits = digits.chunks_exact(2).all(|pair| u16::from_be_bytes([pair[0], pair[1]]) < 10_000);
        (is_whole && are_digits).then_some(Self {
            weight: i32::from(word(2).cast_signed()),
            sign: word(4),
            scale: usize::from(word(6)),
            digits,
        })
    }

    /// The base-10,000 digit with this power.
    fn digit(&self, power: i32) -> u16 {
        usize::try_from(self.weight - power)
            .ok()
            .and_then(|index| self.digits.get(2 * index..2 * index + 2))
            .map_or(0, |pair| u16::from_be_bytes([pair[0], pair[1]]))
    }
}

/// The number as the server writes it: its own scale kept, no exponent, `NaN`, `Infinity`, `-Infinity`.
pub(super) fn text(bytes: &[u8]) -> Option<String> {
    let number = Numeric::parse(bytes)?;
    match number.sign {
        NAN => return Some("NaN".to_owned()),
        INFINITY => return Some("Infinity".to_owned()),
        MINUS_INFINITY => return Some("-Infinity".to_owned()),
        0 | NEGATIVE => {}
        _ => return None,
    }
    let mut text = String::new();
    if number.sign == NEGATIVE {
        text.push('-');
    }
    if number.weight < 0 {
        text.push('0');
    }
    for power in (0..=number.weight).rev() {
        let digit = number.digit(power);
        let _ = if power == number.weight { write!(text, "{digit}") } else { write!(text, "{digit:04}") };
    }
    if number.scale > 0 {
        text.push('.');
        let whole = text.len();
        let mut power = -1;
        while text.len() - whole < number.scale {
            let _ = write!(text, "{:04}", number.digit(power));
            power -= 1;
        }
        text.truncate(whole + number.scale);
    }
    Some(text)
}

/// The bytes that [`text`] was read from; false when it is no such text.
pub(crate) fn put(bytes: &mut Vec<u8>, text: &str) -> bool {
    // The server keeps its special values in a header whose other bits are part of what it sends.
    const INFINITE_SCALE: u16 = 32;
    let special = match text {
        "NaN" => Some((NAN, 0)),
        "Infinity" => Some((INFINITY, INFINITE_SCALE)),
        "-Infinity" => Some((MINUS_INFINITY, INFINITE_SCALE)),
        _ => None,
    };
    if let Some((sign, scale)) = special {
        put_head(bytes, 0, 0, sign, scale);
        return true;
    }
    let (sign, text) = text.strip_prefix('-').map_or((0, text), |rest| (NEGATIVE, rest));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let Ok(scale) = u16::try_from(fraction.len()) else { return false };
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return false;
    }
    // Four decimal digits make one digit of the server, counted from the point to both sides.
    let mut digits: Vec<u16> = Vec::with_capacity(whole.len().div_ceil(4) + fraction.len().div_ceil(4));
    let value = |four: &[u8]| four.iter().fold(0, |sum, digit| 10 * sum + u16::from(digit - b'0'));
    let (head, rest) = whole.as_bytes().split_at(whole.len() % 4);
    if !head.is_empty() {
        digits.push(value(head));
    }
    digits.extend(rest.chunks(4).map(value));
    let whole_digits = digits.len();
    for four in fraction.as_bytes().chunks(4) {
        digits.push(value(four) * 10_u16.pow(4 - four.len() as u32));
    }
    let leading = digits.iter().take_while(|digit| **digit == 0).count();
    let trailing = digits[leading..].iter().rev().take_while(|digit| **digit == 0).count();
    let used = &digits[leading..digits.len() - trailing];
    let weight = if used.is_empty() { 0 } else { whole_digits as i64 - 1 - leading as i64 };
    let (Ok(weight), Ok(count)) = (i16::try_from(weight), u16::try_from(used.len())) else { return false };
    put_head(bytes, count, weight, if used.is_empty() { 0 } else { sign }, scale);
    used.iter().for_each(|digit| bytes.extend(digit.to_be_bytes()));
    true
}

fn put_head(bytes: &mut Vec<u8>, count: u16, weight: i16, sign: u16, scale: u16) {
    bytes.extend(count.to_be_bytes());
    bytes.extend(weight.to_be_bytes());
    bytes.extend(sign.to_be_bytes());
    bytes.extend(scale.to_be_bytes());
}

/// The bytes of a number of 10⁻⁹ with nine decimals, as `numeric(18,9)` sends it.
pub(crate) fn put_nano(bytes: &mut Vec<u8>, nano: i64) {
    let sign = if nano < 0 { NEGATIVE } else { 0 };
    let amount = nano.unsigned_abs();
    let (mut whole, fraction) = (amount / 1_000_000_000, amount % 1_000_000_000);
    // At most ten decimal digits before the point and nine behind it: three digits of the server each.
    let mut digits = [0_u16; 6];
    for digit in digits[..3].iter_mut().rev() {
        *digit = (whole % 10_000) as u16;
        whole /= 10_000;
    }
    digits[3] = (fraction / 100_000) as u16;
    digits[4] = (fraction / 10 % 10_000) as u16;
    digits[5] = (fraction % 10 * 1_000) as u16;
    let leading = digits.iter().take_while(|digit| **digit == 0).count();
    let trailing = digits[leading..].iter().rev().take_while(|digit| **digit == 0).count();
    let used = &digits[leading..6 - trailing];
    let weight = if used.is_empty() { 0 } else { 2 - leading as i16 };
    put_head(bytes, used.len() as u16, weight, sign, 9);
    used.iter().for_each(|digit| bytes.extend(digit.to_be_bytes()));
}

/// The number in units of 10⁻⁹, when it is one exactly.
pub(crate) fn nano(bytes: &[u8]) -> Option<i64> {
    nano_wide(bytes).and_then(|nano| i64::try_from(nano).ok())
}

/// The same for sums.
pub(crate) fn nano_wide(bytes: &[u8]) -> Option<i128> {
    let number = Numeric::parse(bytes)?;
    if !matches!(number.sign, 0 | NEGATIVE) {
        return None;
    }
    let mut sum: i128 = 0;
    for (index, pair) in number.digits.chunks_exact(2).enumerate() {
        let digit = i128::from(u16::from_be_bytes([pair[0], pair[1]]));
        let power = number.weight - i32::try_from(index).ok()?;
        let part = match power {
            -2.. => digit.checked_mul(10_i128.checked_pow(u32::try_from(4 * power + 9).ok()?)?)?,
            // 10⁻¹² of a unit: the last three decimals must be zero to fit nine.
            -3 if digit % 1_000 == 0 => digit / 1_000,
            _ if digit == 0 => 0,
            _ => return None,
        };
        sum = sum.checked_add(part)?;
    }
    Some(if number.sign == NEGATIVE { -sum } else { sum })
}

/// Nano units as decimal text with nine decimals.
pub(crate) fn format_nano(nano: i128) -> String {
    let sign = if nano < 0 { "-" } else { "" };
    let amount = nano.unsigned_abs();
    format!("{sign}{}.{:09}", amount / 1_000_000_000, amount % 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(weight: i16, sign: u16, scale: u16, digits: &[u16]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(u16::try_from(digits.len()).unwrap().to_be_bytes());
        bytes.extend(weight.to_be_bytes());
        bytes.extend(sign.to_be_bytes());
        bytes.extend(scale.to_be_bytes());
        for digit in digits {
            bytes.extend(digit.to_be_bytes());
        }
        bytes
    }

    #[test]
    fn numbers_read_as_the_server_writes_them() {
        for (bytes, expected) in [
            (wire(0, 0, 0, &[]), "0"),
            (wire(0, 0, 2, &[]), "0.00"),
            (wire(0, 0, 2, &[1]), "1.00"),
            (wire(1, 0, 2, &[12, 3456, 7800]), "123456.78"),
            (wire(-1, NEGATIVE, 9, &[12, 3400]), "-0.001234000"),
            (wire(-3, 0, 12, &[1]), "0.000000000001"),
            (wire(4, 0, 0, &[1]), "10000000000000000"),
            (wire(0, NAN, 0, &[]), "NaN"),
            (wire(0, INFINITY, 0, &[]), "Infinity"),
            (wire(0, MINUS_INFINITY, 0, &[]), "-Infinity"),
        ] {
            assert_eq!(text(&bytes).as_deref(), Some(expected));
        }
        let huge = text(&wire(32_767, 0, 0, &[9])).expect("the largest weight");
        assert_eq!(huge.len(), 131_069, "no digit is lost");
        assert_eq!(text(&wire(0, 0, 0, &[10_000])), None, "no base-10,000 digit");
        assert_eq!(text(&[0, 1, 0]), None, "cut short");
    }

    #[test]
    fn f16_numbers_become_the_same_bytes_again() {
        for bytes in [
            wire(0, 0, 0, &[]),
            wire(0, 0, 2, &[]),
            wire(0, 0, 2, &[1]),
            wire(1, 0, 2, &[12, 3456, 7800]),
            wire(-1, NEGATIVE, 9, &[12, 3400]),
            wire(-3, 0, 12, &[1]),
            wire(4, 0, 0, &[1]),
            wire(0, NAN, 0, &[]),
            wire(0, INFINITY, 32, &[]),
            wire(0, MINUS_INFINITY, 32, &[]),
            wire(32_767, 0, 16_383, &[9]),
        ] {
            let mut again = Vec::new();
            assert!(put(&mut again, &text(&bytes).expect("a number")), "{bytes:?}");
            assert_eq!(again, bytes);
        }
        for wrong in ["", "-", ".", "1e5", "nan", "1.2.3", "+1"] {
            assert!(!put(&mut Vec::new(), wrong), "{wrong}");
        }
    }

    #[test]
    fn f16_costs_become_the_same_bytes_again() {
        for amount in [0, 1, 9, 10, -1_234_000, 1_000_000_000, 999_999_999_999_999_999, i64::MAX, i64::MIN] {
            let (mut short, mut long) = (Vec::new(), Vec::new());
            put_nano(&mut short, amount);
            assert!(put(&mut long, &format_nano(i128::from(amount))));
            assert_eq!(short, long, "{amount}");
        }
    }

    #[test]
    fn costs_are_exact_or_refused() {
        for (bytes, expected) in [
            (wire(0, 0, 9, &[]), Some(0)),
            (wire(0, 0, 9, &[1]), Some(1_000_000_000)),
            (wire(-3, 0, 9, &[1000]), Some(1)),
            (wire(-1, NEGATIVE, 9, &[12, 3400]), Some(-1_234_000)),
            (wire(2, 0, 9, &[9, 9999, 9999, 9999, 9999, 9000]), Some(999_999_999_999_999_999)),
            (wire(-3, 0, 10, &[1]), None),
            (wire(2, 0, 0, &[9999]), None),
            (wire(30_000, 0, 0, &[1]), None),
            (wire(0, NAN, 0, &[]), None),
            (wire(0, INFINITY, 0, &[]), None),
        ] {
            assert_eq!(nano(&bytes), expected, "{bytes:?}");
        }
        assert_eq!(format_nano(12_004_300_000), "12.004300000");
        assert_eq!(format_nano(-1), "-0.000000001");
        assert_eq!(format_nano(i128::from(i64::MIN)), "-9223372036.854775808");
    }
}
