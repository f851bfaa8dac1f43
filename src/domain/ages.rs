//! Who is taken by age: children, adolescents and adults are not put together unless somebody says so.
use super::jurisdiction::MAJORITY_YEARS;

/// How an age stands to the ends of what is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::domain) enum Taken {
    /// It is among them.
    Yes,
    /// It is not.
    No,
    /// It is not known, and there are ends.
    AskAge,
    /// Whether young people are taken is not said.
    AskYouth,
    /// Whether adults are taken beside young people is not said.
    AskAdults,
    /// Nothing is said, and nobody asks.
    Unsaid,
}

/// How an age stands to the youngest and the oldest that are taken.
pub(in crate::domain) fn taken(age: Option<u16>, min: Option<u16>, max: Option<u16>) -> Taken {
    let bounded = min.is_some() || max.is_some();
    match age {
        None if bounded => Taken::AskAge,
        Some(age) if min.is_some_and(|min| age < min) || max.is_some_and(|max| age > max) => Taken::No,
        Some(age) if age < MAJORITY_YEARS && min.is_none() && max.is_none_or(|max| max >= MAJORITY_YEARS) => {
            Taken::AskYouth
        }
        Some(age) if age >= MAJORITY_YEARS && max.is_none() && min.is_some_and(|min| min < MAJORITY_YEARS) => {
            Taken::AskAdults
        }
        Some(_) if bounded => Taken::Yes,
        None | Some(_) => Taken::Unsaid,
    }
}

#[cfg(test)]
mod tests {
    use super::{Taken, taken};

    #[test]
    fn children_adolescents_and_adults_are_not_put_together_in_silence() {
        // A unit for children, for adolescents, for adults, for both as it says itself, and some that leave an end open.
        let (children, youth, adults, both) =
            ((None, Some(11)), (Some(12), Some(17)), (Some(18), None), (Some(14), Some(24)));
        let (up_to_64, from_12, any) = ((None, Some(64)), (Some(12), None), (None, None));
        for (age, unit, expected) in [
            (8, children, Taken::Yes),
            (12, children, Taken::No),
            (8, youth, Taken::No),
            (17, youth, Taken::Yes),
            (18, youth, Taken::No),
            (17, adults, Taken::No),
            (18, adults, Taken::Yes),
            (17, both, Taken::Yes),
            (18, both, Taken::Yes),
            (15, up_to_64, Taken::AskYouth),
            (40, up_to_64, Taken::Yes),
            (15, from_12, Taken::Yes),
            (40, from_12, Taken::AskAdults),
            (15, any, Taken::AskYouth),
            (40, any, Taken::Unsaid),
        ] {
            assert_eq!(taken(Some(age), unit.0, unit.1), expected, "{age} in {unit:?}");
        }
        // Who is not known is asked wherever there are ends.
        for (min, max) in [children, youth, adults, both, up_to_64, from_12] {
            assert_eq!(taken(None, min, max), Taken::AskAge);
        }
    }
}
