//! Days and dates of the Gregorian calendar, which is taken to have been in force for ever.
//!
//! The calendar repeats every 400 years, and is counted from the first of March, so that the leap day is the last of its
//! year and a date needs no table of months.

const MILLIS_PER_DAY: i64 = 86_400_000;

/// Days of 400 years.
const DAYS_PER_ERA: i64 = 146_097;

/// Days from the first of March of the year 0 to 1970.
const DAYS_BEFORE_1970: i64 = 719_468;

/// A date and a time of day in UTC.
///
/// ```
/// use promd_model::Millis;
///
/// let day = Millis(951_782_400_000).civil();
/// assert_eq!((day.year, day.month, day.day, day.weekday), (2000, 2, 29, 2));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Civil {
    /// The year; 0 is that before the first of our era.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// 0 to 999.
    pub millisecond: u16,
    /// 0 is Sunday.
    pub weekday: u8,
    /// 1 to 366.
    pub yearday: u16,
}

impl Civil {
    pub(super) fn of(millis: i64) -> Self {
        Self::of_day(millis.div_euclid(MILLIS_PER_DAY), millis.rem_euclid(MILLIS_PER_DAY))
    }

    /// Of so many seconds since 1970, however many.
    ///
    /// As in Go, seconds are counted in 64 bits from the year -292277022399 on, and what lies before that wraps to the far end.
    ///
    /// ```
    /// use promd_model::Civil;
    ///
    /// assert_eq!(Civil::of_seconds(951_782_400).year, 2000);
    /// // What Go's `time.Unix(math.MinInt64, 0).UTC()` says.
    /// assert_eq!(Civil::of_seconds(i64::MIN).year, 292_277_026_596);
    /// ```
    #[must_use]
    pub fn of_seconds(seconds: i64) -> Self {
        const SECONDS_PER_DAY: u64 = 86_400;
        /// Days from the first of the years of Go to 1970.
        const DAYS_TO_1970: u64 = 106_751_991_073_094;

        let since_first = seconds.cast_unsigned().wrapping_add(DAYS_TO_1970 * SECONDS_PER_DAY);
        let days = (since_first / SECONDS_PER_DAY).cast_signed() - DAYS_TO_1970.cast_signed();
        Self::of_day(days, (since_first % SECONDS_PER_DAY * 1000).cast_signed())
    }

    fn of_day(days: i64, of_day: i64) -> Self {
        let since_march = days + DAYS_BEFORE_1970;
        let era = since_march.div_euclid(DAYS_PER_ERA);
        let of_era = since_march.rem_euclid(DAYS_PER_ERA);
        // Without the leap days so far all years would have 365 days.
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - days_of_years(year_of_era);
        // From March on, five months have 153 days.
        let month_from_march = (5 * of_year + 2) / 153;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        Self {
            year,
            month: small(month),
            day: small(of_year - days_of_months(month_from_march) + 1),
            hour: small(of_day / 3_600_000),
            minute: small(of_day / 60_000 % 60),
            second: small(of_day / 1000 % 60),
            millisecond: small(of_day % 1000),
            weekday: small((days + 4).rem_euclid(7)),
            yearday: small(days - days_since_1970(year, 1, 1) + 1),
        }
    }
}

/// Days from 1970 to a date. A day beyond the end of its month is one of the next.
pub(super) fn days_since_1970(year: i64, month: u8, day: u8) -> i64 {
    let (month, day) = (i64::from(month), i64::from(day));
    let year = year - i64::from(month <= 2);
    let month_from_march = (month + 9) % 12;
    let of_era = days_of_years(year.rem_euclid(400)) + days_of_months(month_from_march) + day - 1;
    year.div_euclid(400) * DAYS_PER_ERA + of_era - DAYS_BEFORE_1970
}

/// The days that a month has.
pub(super) fn days_of_month(year: i64, month: u8) -> i64 {
    let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    days_since_1970(next_year, next_month, 1) - days_since_1970(year, month, 1)
}

/// Days of so many years of an era.
fn days_of_years(years: i64) -> i64 {
    years * 365 + years / 4 - years / 100
}

/// Days of so many months from March on.
fn days_of_months(months: i64) -> i64 {
    (153 * months + 2) / 5
}

fn small<T: TryFrom<i64>>(number: i64) -> T {
    T::try_from(number).ok().expect("a remainder by the length of a day, month, year or second is small")
}
