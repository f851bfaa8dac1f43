//! What the region's file does not hold and the demo invents: police, 911, EMS, crisis providers, 988, peers, advocates,
//! councils, substance-use providers, hospitals with an emergency department, and the entities that operate the hub. Two of each, so that one can be refused
//! what is the other's. Each stands where some mental-health site of the file stands.
//!
//! **Invariant**: every key begins with `invented:`; no pair of words is one of the file's organizations'.
use super::dice::Dice;
use super::names::Namer;
use super::numbers::Series;
use super::plan::{Planned, PlannedFacility, PlannedUnit, general, stands_at, unit};
use super::region::RegionFacility;
use super::teams;
use crate::domain::bed::HoldPolicy;
use crate::domain::organization::OrganizationKind as Kind;
use crate::domain::service::ServiceKind as Care;

/// What is invented: a short key, what it is, what it calls itself.
const FORMS: [(&str, Kind, &str); 11] = [
    ("police", Kind::LawEnforcement, "Police Department"),
    ("psap", Kind::Psap, "911 Communications"),
    ("ems", Kind::EmsFire, "Fire Rescue"),
    ("crisis", Kind::CrisisProvider, "Crisis Care"),
    ("line-988", Kind::CallCenter988, "988 Contact Center"),
    ("peer", Kind::PeerRun, "Peer Network"),
    ("advocacy", Kind::Advocacy, "Family Alliance"),
    ("council", Kind::Council, "Crisis Council"),
    ("sud", Kind::SudProvider, "Recovery Services"),
    ("operator", Kind::Payer, "Managing Entity"),
    ("hospital", Kind::Hospital, "Regional Hospital"),
];

/// The key of one of the two organizations of a form.
pub(crate) fn key(form: &str, which: usize) -> String {
    format!("invented:{form}-{which}")
}

/// Everything that is invented.
pub(crate) fn organizations(seed: u64, places: &[RegionFacility]) -> Vec<Planned> {
    let mut namer = Namer::new(seed, places.iter().map(|place| place.organization.as_str()));
    let mut plan = Vec::new();
    for (form, kind, calls_itself) in FORMS {
        for which in [1, 2] {
            // Running out of words leaves the key, which is a name too.
            let root = namer.root().unwrap_or_else(|_| format!("Invented {which}"));
            let mut planned = Planned::new(&key(form, which), format!("{root} {calls_itself}"), kind);
            planned.details.coordinating = kind == Kind::CallCenter988 && which == 1;
            match kind {
                Kind::CallCenter988 => planned.services.push(teams::line_988(which)),
                Kind::CrisisProvider => planned.services.push(teams::mobile(which)),
                Kind::PeerRun => planned.services.push(teams::warm_line(which)),
                _ => {}
            }
            let stream = 1_000 + u64::try_from(plan.len()).unwrap_or(0);
            let mut dice = Dice::new(seed, stream);
            planned.facilities = facilities(&root, kind, which, places, &mut dice);
            plan.push(planned);
        }
    }
    plan
}

/// Counties of the first and of the second organization of a form, busiest first.
fn counties(which: usize) -> [u32; 2] {
    if which == 1 { [12_086, 12_011] } else { [12_099, 12_087] }
}

fn facilities(
    root: &str,
    kind: Kind,
    which: usize,
    places: &[RegionFacility],
    dice: &mut Dice,
) -> Vec<PlannedFacility> {
    let mut all = Vec::new();
    for (number, county) in counties(which).into_iter().enumerate() {
        let here: Vec<_> = places.iter().filter(|place| place.county_fips == county).collect();
        let Some(place) = dice.of(&here) else { continue };
        let code = place.phone.get(..8).unwrap_or("+1786555");
        let at = FORMS.iter().position(|(_, of, _)| *of == kind).unwrap_or(0);
        let form = FORMS.get(at).map_or("place", |(form, ..)| *form);
        // From the end of the reserved numbers: the file's own phones begin at the other.
        let phone = format!("{code}01{:02}", 99 - at);
        let site = |name: &str| {
            let name = format!("{root} {name} at {}", place.city);
            let key = format!("{}-place-{}", key(form, which), number + 1);
            PlannedFacility { key, details: stands_at(place, name, phone.clone()), services: Vec::new() }
        };
        let planned = match kind {
            Kind::CrisisProvider => crisis(site("Crisis Center"), number == 0, dice),
            Kind::SudProvider => sud(site("Recovery Center"), dice),
            Kind::PeerRun => peer(site("House"), number == 0, dice),
            Kind::CallCenter988 if number == 0 => site("Contact Center"),
            Kind::Hospital if number == 0 => hospital(site("Emergency Department"), dice),
            _ => continue,
        };
        all.push(planned);
    }
    all
}

pub(crate) fn crisis(mut site: PlannedFacility, large: bool, dice: &mut Dice) -> PlannedFacility {
    (site.details.first_responder_door, site.details.walk_in) = (true, true);
    let chairs = if large { 24 } else { 12 };
    let busy = Series::around(450, 850, dice);
    let receiving = vec![
        unit("Adult recliners", Care::Receiving23h, chairs, busy.clone()),
        unit("Youth recliners", Care::Receiving23h, chairs / 3, busy.clone()).adolescents(),
    ];
    let beds = Series::around(650, 950, dice);
    let stabilization = vec![
        unit("Adult stabilization", Care::StabilizationShort, 16, beds.clone()),
        unit("Adult stabilization, voluntary", Care::StabilizationShort, 10, beds).voluntary_and_open(),
    ];
    site.offering(Care::Receiving23h, receiving).offering(Care::StabilizationShort, stabilization)
}

fn hospital(mut site: PlannedFacility, dice: &mut Dice) -> PlannedFacility {
    site.details.first_responder_door = true;
    let beds = Series::around(700, 980, dice);
    site.offering(Care::PsychInpatient, general(24, &beds))
}

fn sud(mut site: PlannedFacility, dice: &mut Dice) -> PlannedFacility {
    (site.details.first_responder_door, site.details.walk_in) = (true, true);
    let beds = Series::around(700, 950, dice);
    let withdrawal = vec![
        unit("Withdrawal management", Care::WithdrawalMgmt, 14, beds.clone()),
        unit("Withdrawal management, women", Care::WithdrawalMgmt, 8, beds)
            .with(|unit| unit.gender = crate::domain::bed::GenderPolicy::Female),
    ];
    let sobering = vec![unit("Sobering chairs", Care::Sobering, 10, Series::around(300, 800, dice))];
    site.offering(Care::WithdrawalMgmt, withdrawal).offering(Care::Sobering, sobering)
}

fn peer(mut site: PlannedFacility, living_room: bool, dice: &mut Dice) -> PlannedFacility {
    site.details.walk_in = true;
    let rooms = vec![unit("Guest rooms", Care::PeerRespite, 8, Series::around(500, 900, dice)).voluntary_and_open()];
    let site = site.offering(Care::PeerRespite, rooms);
    if !living_room {
        return site;
    }
    let open_door = unit("Living room", Care::LivingRoom, 12, Series::around(200, 700, dice));
    site.offering(Care::LivingRoom, vec![open_door.with(|unit| unit.hold_policy = HoldPolicy::None)])
}

/// A plan of exactly so many units, for benchmarks and tests: hospitals, and among every five places a crisis center.
pub(crate) fn sized(seed: u64, units: usize, places: &[RegionFacility]) -> Vec<Planned> {
    let mut plan: Vec<Planned> = Vec::new();
    let mut left = units;
    let mut number = 0_usize;
    while left > 0 {
        let mut dice = Dice::new(seed, u64::try_from(number).unwrap_or(0));
        let Some(place) = dice.of(places) else { break };
        let crisis_center = number.is_multiple_of(5);
        let (kind, name) = if crisis_center { (Kind::CrisisProvider, "Crisis") } else { (Kind::Hospital, "Hospital") };
        let key = key("sized", number);
        let name = format!("{name} {number:05}");
        let mut planned = Planned::new(&key, name.clone(), kind);
        let mut details = stands_at(place, name, place.phone.clone());
        details.first_responder_door = true;
        let site = PlannedFacility { key: format!("{key}-place"), details, services: Vec::new() };
        let series = Series::around(600, 950, &mut dice);
        let mut site = if crisis_center {
            crisis(site, true, &mut dice)
        } else {
            let beds = u32::try_from(dice.between(150, 900)).unwrap_or(300);
            site.offering(Care::PsychInpatient, general(beds, &series))
        };
        for service in &mut site.services {
            let kept: Vec<PlannedUnit> = service.units.drain(..).take(left).collect();
            left -= kept.len();
            service.units = kept;
        }
        planned.facilities.push(site);
        plan.push(planned);
        number += 1;
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::region;
    use crate::exchange::record::Source;
    use crate::exchange::{clean::normal, real};
    use std::collections::BTreeSet;

    #[test]
    fn no_invented_pair_of_words_stands_in_a_real_name() {
        let Some(folder) = real::folder("invented names") else { return };
        let mut pairs = BTreeSet::new();
        for source in [Source::HifldHospitals, Source::SamhsaFacilities] {
            let import = real::import(&folder, source);
            let organizations = import.organizations.iter().map(|record| &record.name);
            for name in organizations.chain(import.facilities.iter().map(|record| &record.name)) {
                let words: Vec<_> = normal(name).split(' ').map(str::to_owned).collect();
                pairs.extend(words.windows(2).map(<[String]>::to_vec));
            }
        }
        for planned in organizations(crate::demo::world::SEED, &region::facilities()) {
            let words: Vec<_> = normal(&planned.details.name).split(' ').map(str::to_owned).collect();
            assert!(!pairs.contains(&words[..2]), "{}", planned.details.name);
        }
    }
}
