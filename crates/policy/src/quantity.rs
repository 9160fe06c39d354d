//! What the Numeric and Date operators compare: numbers, and instants.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Numeric>,
//! [#Conditions_Date](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Date)

use std::cmp::Ordering;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// How a value of the request has to stand to the policy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    pub(crate) fn holds(self, present: Ordering) -> bool {
        match self {
            Self::Equal => present.is_eq(),
            Self::Less => present.is_lt(),
            Self::LessOrEqual => present.is_le(),
            Self::Greater => present.is_gt(),
            Self::GreaterOrEqual => present.is_ge(),
        }
    }
}

/// A decimal number, compared by value: `1.20` is `1.2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number<'a> {
    negative: bool,
    /// Digits before the point, without leading zeros.
    whole: &'a str,
    /// Digits after it, without trailing zeros.
    fraction: &'a str,
}

impl<'a> Number<'a> {
    /// Reads an optional sign, digits, and a fraction; no exponent.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !(are_digits(whole) && are_digits(fraction)) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        // There is one zero.
        let negative = negative && !(whole.is_empty() && fraction.is_empty());
        Some(Self { negative, whole, fraction })
    }

    pub(crate) fn compare(self, other: Self) -> Ordering {
        let size = |number: Self| (number.whole.len(), number.whole, number.fraction);
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => size(self).cmp(&size(other)),
            (true, true) => size(other).cmp(&size(self)),
        }
    }
}

/// Reads an instant: RFC 3339, or seconds since 1970. Four digits could be either a year or seconds, and a date without
/// a time or zone more than one instant: those are none here.
pub(crate) fn instant(text: &str) -> Option<OffsetDateTime> {
    if text.len() != 4 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return OffsetDateTime::from_unix_timestamp(text.parse().ok()?).ok();
    }
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::{Number, Order, instant};

    #[test]
    fn numbers_are_compared_by_value_whatever_their_length() {
        for (a, b, ordering) in [
            ("1", "2", Ordering::Less),
            ("10", "9", Ordering::Greater),
            ("1.2", "1.20", Ordering::Equal),
            ("1.2", "1.10", Ordering::Greater),
            ("1.05", "1.5", Ordering::Less),
            ("1", "1.0", Ordering::Equal),
            ("007", "7", Ordering::Equal),
            ("-1", "0", Ordering::Less),
            ("-2", "-1", Ordering::Less),
            ("-0", "+0.0", Ordering::Equal),
            ("12345678901234567890123", "12345678901234567890124", Ordering::Less),
        ] {
            let [a, b] = [a, b].map(|text| Number::parse(text).unwrap());
            assert_eq!((a.compare(b), b.compare(a)), (ordering, ordering.reverse()), "{a:?} {b:?}");
        }
        for text in ["", "-", ".5", "5.", "1e3", "1.2.3", "0x1", " 1", "NaN", "inf", "${a}", "\u{663}"] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }

    #[test]
    fn instants_are_of_a_calendar_or_of_a_counter() {
        let same = instant("2027-01-15T08:00:00Z").unwrap();
        for text in ["1800000000", "2027-01-15T09:00:00+01:00", "2027-01-15T08:00:00.000Z"] {
            assert_eq!(instant(text), Some(same), "{text}");
        }
        for text in ["", "2027", "2027-01-15", "2027-01-15T08:00Z", "-1", "1.5", "x", "99999999999999999999"]
        {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn each_order_holds_for_its_own_sides() {
        let sides = [Ordering::Less, Ordering::Equal, Ordering::Greater];
        for (order, holds) in [
            (Order::Equal, [false, true, false]),
            (Order::Less, [true, false, false]),
            (Order::LessOrEqual, [true, true, false]),
            (Order::Greater, [false, false, true]),
            (Order::GreaterOrEqual, [false, true, true]),
        ] {
            assert_eq!(sides.map(|side| order.holds(side)), holds, "{order:?}");
        }
    }
}
