//! Invented names: words of light and of plants and sea life, drawn from a seeded stream.
//!
//! **Invariant**: no invented name holds, word for word, a pair that any real name in the source files holds; no pair is
//! given to two organizations; no two facilities have one name.
use crate::exchange::clean::normal;
use crate::exchange::record::FacilityKind;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::BTreeSet;

/// Light and weather; none of them a place, a saint or a brand of care.
const LIGHT: [&str; 40] = [
    "Amber",
    "Candlelit",
    "Cerulean",
    "Cobalt",
    "Copper",
    "Dappled",
    "Dawnlit",
    "Dewlit",
    "Drifting",
    "Dusky",
    "Evening",
    "Firefly",
    "Gentle",
    "Gilded",
    "Glimmering",
    "Halcyon",
    "Indigo",
    "Ivory",
    "Lamplit",
    "Lucent",
    "Luminous",
    "Mellow",
    "Moonlit",
    "Opal",
    "Pearly",
    "Quiet",
    "Radiant",
    "Rosy",
    "Russet",
    "Saffron",
    "Silvery",
    "Starlit",
    "Sunlit",
    "Teal",
    "Tidal",
    "Twilight",
    "Umber",
    "Velvet",
    "Vermilion",
    "Whispering",
];

/// Plants and sea life.
const LIFE: [&str; 40] = [
    "Abalone",
    "Anemone",
    "Bluestem",
    "Bromeliad",
    "Bulrush",
    "Clover",
    "Cockle",
    "Cordgrass",
    "Cowrie",
    "Duckweed",
    "Eelgrass",
    "Fern",
    "Foxtail",
    "Glasswort",
    "Harebell",
    "Hyssop",
    "Kelp",
    "Larkspur",
    "Lichen",
    "Limpet",
    "Lupine",
    "Mallow",
    "Marigold",
    "Mullein",
    "Nautilus",
    "Periwinkle",
    "Plover",
    "Sandpiper",
    "Sargassum",
    "Seaglass",
    "Sedge",
    "Sorrel",
    "Spartina",
    "Sundew",
    "Tansy",
    "Teasel",
    "Verbena",
    "Whelk",
    "Woodruff",
    "Yarrow",
];

/// What an organization calls itself, by what its largest place is.
fn organization_form(kind: FacilityKind) -> &'static str {
    match kind {
        FacilityKind::Hospital => "Health",
        FacilityKind::PsychiatricHospital => "Behavioral Health",
        _ => "Mental Health Care",
    }
}

/// What a place calls itself. No form is by itself the whole name of a real place, as `Counseling Center` is.
fn facility_forms(kind: FacilityKind) -> &'static [&'static str] {
    match kind {
        FacilityKind::Hospital => &["Hospital", "Medical Center"],
        FacilityKind::PsychiatricHospital => &["Psychiatric Hospital", "Behavioral Hospital"],
        _ => &["Center", "Clinic", "Counseling Clinic", "Wellness Clinic", "Outpatient Program"],
    }
}

/// The words are used up, or the real names leave too few of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are not enough invented names: lengthen the word lists")]
pub(crate) struct WordsUsedUp;

/// Invents names; the same seed and the same real names give the same names.
pub(crate) struct Namer {
    stream: ChaCha8Rng,
    real: BTreeSet<(String, String)>,
    taken: BTreeSet<String>,
}

impl Namer {
    /// A namer that keeps clear of the real names.
    pub(crate) fn new<'a>(seed: u64, real: impl Iterator<Item = &'a str>) -> Self {
        let mut pairs = BTreeSet::new();
        for name in real {
            let name = normal(name);
            let words = name.split(' ');
            pairs.extend(words.clone().zip(words.skip(1)).map(|(a, b)| (a.to_owned(), b.to_owned())));
        }
        Self { stream: ChaCha8Rng::seed_from_u64(seed), real: pairs, taken: BTreeSet::new() }
    }

    /// Not `random_range`: its mapping may change between releases, and with it every name.
    fn draw(&mut self, words: &[&'static str]) -> &'static str {
        let many = u64::try_from(words.len()).unwrap_or(0);
        let at = (u64::from(self.stream.next_u32()) * many) >> 32;
        usize::try_from(at).ok().and_then(|at| words.get(at)).copied().unwrap_or_default()
    }

    fn is_real(&self, name: &str) -> bool {
        let name = normal(name);
        let words = name.split(' ');
        let known = |a: &str, b: &str| self.real.contains(&(a.to_owned(), b.to_owned()));
        words.clone().zip(words.skip(1)).any(|(a, b)| known(a, b))
    }

    /// A pair of words for one organization.
    pub(crate) fn root(&mut self) -> Result<String, WordsUsedUp> {
        for _ in 0..10_000 {
            let root = format!("{} {}", self.draw(&LIGHT), self.draw(&LIFE));
            if !self.is_real(&root) && self.taken.insert(root.clone()) {
                return Ok(root);
            }
        }
        Err(WordsUsedUp)
    }

    /// The name of an organization whose largest place is of a kind.
    pub(crate) fn organization(root: &str, kind: FacilityKind) -> String {
        format!("{root} {}", organization_form(kind))
    }

    /// The name of one of its places.
    pub(crate) fn facility(&mut self, root: &str, kind: FacilityKind) -> Result<String, WordsUsedUp> {
        let plain = format!("{root} {}", self.draw(facility_forms(kind)));
        if self.taken.insert(plain.clone()) {
            return Ok(plain);
        }
        for _ in 0..10_000 {
            let name = format!("{plain} at {}", self.draw(&LIFE));
            if self.taken.insert(name.clone()) {
                return Ok(name);
            }
        }
        Err(WordsUsedUp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_invents_the_same_names_and_another_seed_others() {
        let names = |seed| -> Vec<String> {
            let mut namer = Namer::new(seed, std::iter::empty());
            (0..300).map(|_| namer.root().unwrap()).collect()
        };
        assert_eq!(names(7), names(7));
        assert_ne!(names(7), names(8));
        assert_eq!(names(7).iter().collect::<BTreeSet<_>>().len(), 300);
    }

    #[test]
    fn a_pair_that_is_real_is_never_drawn_and_running_out_is_an_error() {
        let all: Vec<_> =
            LIGHT.iter().flat_map(|light| LIFE.iter().map(move |life| format!("{light} {life}"))).collect();
        let but_one = Namer::new(7, all.iter().skip(1).map(String::as_str)).root();
        assert_eq!(but_one.as_ref(), Ok(&all[0]));
        assert_eq!(Namer::new(7, all.iter().map(String::as_str)).root(), Err(WordsUsedUp));
    }

    #[test]
    fn places_of_one_organization_have_different_names() {
        let mut namer = Namer::new(7, std::iter::empty());
        let places: BTreeSet<_> =
            (0..30).map(|_| namer.facility("Amber Fern", FacilityKind::MentalHealthSite).unwrap()).collect();
        assert_eq!(places.len(), 30);
    }
}
