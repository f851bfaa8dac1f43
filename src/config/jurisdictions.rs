//! The jurisdictions that are compiled in: `deploy/jurisdictions/*.toml`, each line with its source.
use super::BadConfig;
use crate::domain::jurisdiction::{Jurisdiction, Law};
use figment::Figment;
use figment::providers::{Format, Toml};

const FLORIDA: &str = include_str!("../../deploy/jurisdictions/florida.toml");
const VIRGINIA: &str = include_str!("../../deploy/jurisdictions/virginia.toml");

/// Every jurisdiction that the hub knows; a bad file is no jurisdiction, and no start.
pub fn law() -> Result<Law, BadConfig> {
    let mut jurisdictions = Vec::new();
    for text in [FLORIDA, VIRGINIA] {
        jurisdictions.push(Figment::from(Toml::string(text)).extract::<Jurisdiction>()?);
    }
    Law::new(jurisdictions).map_err(|flaw| BadConfig::OutOfRange(format!("deploy/jurisdictions: {flaw}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::jurisdiction::ClockFrom;
    use crate::domain::need::LegalStatus;
    use crate::domain::service::ServiceKind;

    #[test]
    fn the_files_are_good_and_say_what_they_are_known_for() {
        let law = law().unwrap();
        let codes: Vec<_> = law.all().iter().map(|one| one.code.as_str()).collect();
        assert_eq!(codes, ["US-FL", "US-VA"]);
        let clock = |code: &str, status: &str| {
            let clock = law.get(code).unwrap().status(status).unwrap().clock.clone().unwrap();
            (clock.minutes / 60, clock.runs_from, clock.warn_at)
        };
        let marks = vec![50, 75, 90];
        assert_eq!(clock("US-FL", "BAKER_ACT_LAW_ENFORCEMENT"), (72, ClockFrom::Arrival, marks.clone()));
        assert_eq!(clock("US-VA", "ECO"), (8, ClockFrom::Custody, marks.clone()));
        assert_eq!(clock("US-VA", "TDO"), (72, ClockFrom::Order, marks.clone()));
        assert_eq!(clock("US-VA", "MINOR_TDO"), (96, ClockFrom::Order, marks));
        let years = |code: &str, kind| law.get(code).unwrap().consent_years(kind);
        assert_eq!(years("US-FL", ServiceKind::UrgentOutpatient), 13);
        assert_eq!(years("US-FL", ServiceKind::PsychInpatient), 18);
        assert_eq!(years("US-VA", ServiceKind::PsychInpatient), 14);
        assert_eq!(years("US-VA", ServiceKind::UrgentOutpatient), 0);
        for one in law.all() {
            assert!(one.statuses.iter().any(|status| status.maps_to == LegalStatus::Voluntary), "{}", one.code);
        }
    }

    #[test]
    fn every_table_names_its_source_and_what_to_do_with_it() {
        for text in [FLORIDA, VIRGINIA] {
            // Whatever says something stands with a source, and every source says to ask counsel.
            let sources = text.matches("source = {").count();
            assert!(sources > 20, "{sources}");
            assert_eq!(text.matches("check = \"check with counsel\"").count(), sources);
            assert_eq!(text.matches("law = \"").count(), sources);
        }
    }

    #[test]
    fn a_line_without_a_source_or_with_another_word_is_no_file() {
        let reads = |text: &str| Figment::from(Toml::string(text)).extract::<Jurisdiction>().is_ok();
        assert!(reads(FLORIDA));
        let unchecked = FLORIDA.replacen(", check = \"check with counsel\"", "", 1);
        let sure = FLORIDA.replacen("check with counsel\"", "sure\"", 1);
        // The first that is no comment.
        let unknown = FLORIDA.replacen("title = ", "motto = \"In God\"\ntitle = ", 1);
        for bad in [unchecked, sure, unknown] {
            assert_ne!(bad, FLORIDA);
            assert!(!reads(&bad));
        }
    }
}
