//! Decimal: a fixed-point quantity that people measure or pay for. `0.80` is 80 with scale 2 and stays so.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::limits::DECIMAL_DIGITS_MAX;

/// Why a text is not a quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// A comma stands where the point belongs.
    #[error("write the decimals after a point, not a comma: {0:?}")]
    Comma(String),
    /// Not digits with at most one point.
    #[error("not a number: {0:?}")]
    NotANumber(String),
    /// More digits than a measurement can mean.
    #[error("more than {DECIMAL_DIGITS_MAX} digits: {0:?}")]
    TooLong(String),
}

/// A quantity as `units / 10^scale`, keeping the zeros that were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    /// All digits as one integer.
    pub units: i64,
    /// How many of them stand after the point.
    pub scale: u8,
}

impl Decimal {
    /// Returns a whole number as a quantity, with scale 0.
    pub fn integer(units: i64) -> Self {
        Self { units, scale: 0 }
    }

    /// Compares by value: `0.8` equals `0.80` here, though they are not the same text.
    pub fn compare(self, other: Self) -> Ordering {
        let (mine, theirs) = (i128::from(self.units), i128::from(other.units));
        let scale = self.scale.max(other.scale);
        let lift = |units: i128, from: u8| units * 10i128.pow(u32::from(scale - from));
        lift(mine, self.scale).cmp(&lift(theirs, other.scale))
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        if text.contains(',') {
            return Err(DecimalError::Comma(text.into()));
        }
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let dangling = digits.ends_with('.') || whole.is_empty();
        if dangling || !is_digits(whole) || !is_digits(fraction) {
            return Err(DecimalError::NotANumber(text.into()));
        }
        if whole.len() + fraction.len() > DECIMAL_DIGITS_MAX {
            return Err(DecimalError::TooLong(text.into()));
        }
        let units: i64 =
            format!("{whole}{fraction}").parse().map_err(|_| DecimalError::NotANumber(text.into()))?;
        let scale = u8::try_from(fraction.len()).map_err(|_| DecimalError::TooLong(text.into()))?;
        Ok(Self { units: sign * units, scale })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let width = usize::from(self.scale) + 1;
        let digits = format!("{:0>width$}", self.units.unsigned_abs());
        let (whole, fraction) = digits.split_at(digits.len() - usize::from(self.scale));
        if fraction.is_empty() { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{fraction}") }
    }
}

#[cfg(test)]
mod tests {
    use super::{Decimal, DecimalError};
    use std::cmp::Ordering;

    #[test]
    fn what_was_written_is_what_is_shown() {
        for text in ["0.80", "0", "-1", "15", "007.50", "0.05", "-0.05"] {
            let decimal: Decimal = text.parse().unwrap();
            assert_eq!(decimal.to_string().trim_start_matches('0'), text.trim_start_matches('0'), "{text}");
        }
        assert_eq!("0.80".parse::<Decimal>().unwrap(), Decimal { units: 80, scale: 2 });
    }

    #[test]
    fn compares_by_value() {
        let parse = |text: &str| text.parse::<Decimal>().unwrap();
        assert_eq!(parse("0.8").compare(parse("0.80")), Ordering::Equal);
        assert_eq!(parse("-1").compare(parse("0.2")), Ordering::Less);
        assert_eq!(parse("14.01").compare(parse("14")), Ordering::Greater);
    }

    #[test]
    fn refuses_with_the_reason() {
        assert!(matches!("0,8".parse::<Decimal>(), Err(DecimalError::Comma(_))));
        for text in ["", "-", ".", "1.", ".5", "1e3", "1.2.3", "٣", "NaN", "+1"] {
            assert!(matches!(text.parse::<Decimal>(), Err(DecimalError::NotANumber(_))), "{text}");
        }
        assert!(matches!("1234567890.123456".parse::<Decimal>(), Err(DecimalError::TooLong(_))));
    }
}
