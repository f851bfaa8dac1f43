//! Looks: what is written down when somebody who coordinates a region is shown what is between others.
use super::code::codes;

codes! {
    /// By which door somebody looked.
    LookDoor {
        /// Objects that were asked for by their ids, or that stand beside such.
        ById "BY_ID",
        /// A page of a list.
        List "LIST",
        /// A page of the log.
        Log "LOG",
        /// A subscription, from its beginning to its end: whatever is open in the region.
        Watch "WATCH",
    }
}

/// One look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// By which door.
    pub door: LookDoor,
    /// How many objects of the agency were shown; of a subscription, how many searches were open as it began.
    pub shown: u32,
}
