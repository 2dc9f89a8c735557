/// A date in the proleptic Gregorian calendar.
public struct CivilDate: Hashable, Sendable {
    public var year: Int
    /// 1…12.
    public var month: Int
    /// 1…31.
    public var day: Int

    @inlinable
    public init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// The date `days` days after 1970-01-01; `days` is negative for earlier dates.
    ///
    /// Years start in March here: the leap day is then the last day of its year and never shifts the other months. Four
    /// centuries have 146 097 days.
    public init(daysSince1970 days: Int) {
        let shifted = days + CivilDate.daysFromMarchOfYear0
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    }

    /// Days from 1970-01-01 to this date; negative for earlier dates.
    public var daysSince1970: Int {
        let marchYear = month <= 2 ? year - 1 : year
        let era = (marchYear >= 0 ? marchYear : marchYear - 399) / 400
        let yearOfEra = marchYear - era * 400
        let monthFromMarch = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        let dayOfEra = 365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - CivilDate.daysFromMarchOfYear0
    }

    /// Whether this date exists in the calendar.
    public var exists: Bool {
        1...12 ~= month && day >= 1 && day <= CivilDate.days(ofMonth: month, in: year)
    }

    /// Length of a month, 28…31.
    public static func days(ofMonth month: Int, in year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days from 0000-03-01 to 1970-01-01.
    private static let daysFromMarchOfYear0 = 719_468
}

extension Timestamp {
    /// The UTC month that contains an instant, from its first microsecond to the first microsecond of the next month.
    ///
    /// - Parameter microseconds: since 1970, of any sign.
    @inlinable
    public static func utcMonthBounds(ofMicroseconds microseconds: Int64) -> (start: Int64, end: Int64) {
        var date = CivilDate(daysSince1970: Int(Microseconds.wholeDays(in: microseconds)))
        date.day = 1
        let firstDay = date.daysSince1970
        let length = CivilDate.days(ofMonth: date.month, in: date.year)
        return (Int64(firstDay) * Microseconds.day, Int64(firstDay + length) * Microseconds.day)
    }
}

extension Microseconds {
    /// Days from 1970-01-01 to the UTC day of the instant; negative for earlier instants.
    @inlinable
    public static func wholeDays(in microseconds: Int64) -> Int64 {
        (microseconds >= 0 ? microseconds : microseconds - (day - 1)) / day
    }
}
