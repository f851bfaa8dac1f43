//! Whole imports into a real SQLite file: read, mapped, taken.
use super::apply::{self, Filter};
use super::csv::Limits;
use super::import::{Import, read};
use super::real;
use super::record::Source;
use crate::app::directory::{SaveEntry, save};
use crate::app::import::{Done, Goal, ImportDirectory, Why, directory};
use crate::app::{Error, Hub, console};
use crate::clock::{HubClock, RandomIds};
use crate::domain::entry::{Entry, Provenance};
use crate::domain::facility::FacilityDetails;
use crate::domain::organization::OrganizationDetails;
use crate::domain::region::{County, RegionDetails};
use crate::store::{PoolSize, Store};
use std::sync::Arc;
use tokio::sync::Notify;

const HEADER: &str =
    "organization_id,organization_name,organization_kind,facility_id,facility_name,county,state,phone\n";

/// A hub over a file of its own.
struct House {
    hub: Hub,
    folder: tempfile::TempDir,
    region: RegionDetails,
    goal: Goal,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let counties = vec![County { fips: 12_087, name: "Monroe County".into() }];
        let region = RegionDetails { counties, ..console::new_region("south-florida", "America/New_York") };
        let store = open(&folder).await;
        store.migrate().await.unwrap();
        let hub = Hub::open(store).await.unwrap();
        let add = SaveEntry::new(None, region.clone(), Provenance::Manual);
        let goal = Goal::Region(save(&hub, &console::viewer(), add).await.unwrap().changed.unwrap().id);
        Self { hub, folder, region, goal }
    }

    fn input(&self, file: &str) -> ImportDirectory {
        let mut import = read(Source::HubCsv, format!("{HEADER}{file}").as_bytes(), Limits::default()).unwrap();
        let agencies = apply::agencies(&mut import, &self.region, &Filter::default());
        let source = Source::HubCsv.system().to_owned();
        ImportDirectory { source, goal: self.goal.clone(), agencies, complete: false, may_retire: 0, dry_run: false }
    }

    async fn run(&self, input: ImportDirectory) -> Result<Done, Error> {
        directory(&self.hub, &console::viewer(), input, &|_| ()).await
    }

    async fn take(&self, file: &str) -> Done {
        self.run(self.input(file)).await.unwrap()
    }

    async fn complete(&self, file: &str) -> Result<Done, Error> {
        self.run(ImportDirectory { complete: true, ..self.input(file) }).await
    }

    /// Where the log stands, and how many lines the audit has.
    async fn marks(&self) -> (i64, usize) {
        let reader = self.hub.store().read(&console::viewer()).await.unwrap();
        let audit = reader.audit(None, None, 100_000, false).await.unwrap();
        (reader.head().await.unwrap(), audit.len())
    }

    async fn facilities(&self) -> Vec<Entry<FacilityDetails>> {
        let reader = self.hub.store().read(&console::viewer()).await.unwrap();
        let mut all = reader.entries::<FacilityDetails>().await.unwrap();
        all.sort_by(|a, b| a.external_ids.cmp(&b.external_ids));
        all
    }

    async fn keeps_its_promises(&self) {
        let findings = self.hub.store().verify().await.unwrap();
        assert!(findings.iter().all(|finding| finding.broken == 0), "{findings:?}");
    }
}

async fn open(folder: &tempfile::TempDir) -> Store {
    let url = format!("sqlite:{}", folder.path().join("hub.db").display());
    let size = PoolSize::small();
    Store::open(&url, size, Arc::new(HubClock::default()), Arc::new(RandomIds)).await.unwrap()
}

fn row(number: usize) -> String {
    format!("o{number},Amber {number},CRISIS_PROVIDER,f{number},House {number},Monroe,FL,+13055550100\n")
}

fn rows(numbers: std::ops::Range<usize>) -> String {
    numbers.map(row).collect()
}

#[tokio::test]
async fn the_same_file_twice_changes_nothing() {
    let house = House::new().await;
    let file = rows(0..5);
    let first = house.take(&file).await;
    assert_eq!((first.organizations.created, first.facilities.created), (5, 5));
    let marks = house.marks().await;
    assert_eq!(marks.0, 11);
    let again = house.take(&file).await;
    assert_eq!((again.organizations.unchanged, again.facilities.unchanged), (5, 5));
    assert_eq!((again.organizations.created, again.facilities.updated), (0, 0));
    assert_eq!(house.marks().await, marks);

    let facility = &house.facilities().await[0];
    assert_eq!((facility.details.county_fips, facility.provenance), (Some(12_087), Provenance::Import));
    assert_eq!(facility.details.time_zone, "America/New_York");
    assert_eq!((facility.external_ids[0].system.as_str(), facility.external_ids[0].value.as_str()), ("hub-csv", "f0"));
    assert!(crate::app::directory::one::<FacilityDetails>(&house.hub, &console::viewer(), facility.id).is_some());
    house.keeps_its_promises().await;
}

#[tokio::test]
async fn one_edited_row_is_one_change() {
    let house = House::new().await;
    let file = rows(0..5);
    house.take(&file).await;
    let head = house.marks().await.0;
    let done = house.take(&file.replace("House 3", "House Three")).await;
    assert_eq!((done.organizations.updated, done.facilities.updated, done.facilities.unchanged), (0, 1, 4));
    assert_eq!(house.marks().await.0, head + 1);
    let facility = &house.facilities().await[3];
    assert_eq!((facility.details.name.as_str(), facility.version), ("House Three", 2));
}

#[tokio::test]
async fn what_somebody_here_has_changed_is_left_alone() {
    let house = House::new().await;
    let file = rows(0..3);
    house.take(&file).await;
    let facilities = house.facilities().await;
    let mine = FacilityDetails { walk_in: true, ..facilities[0].details.clone() };
    let edit = SaveEntry::new(Some(facilities[0].id), mine.clone(), Provenance::Manual);
    save(&house.hub, &console::viewer(), edit).await.unwrap().changed.unwrap();
    let mut withdraw = SaveEntry::new(Some(facilities[1].id), facilities[1].details.clone(), Provenance::Manual);
    withdraw.retire = true;
    save(&house.hub, &console::viewer(), withdraw).await.unwrap().changed.unwrap();
    // The source says what it said before: there is nothing to be at odds about.
    assert_eq!(house.take(&file).await.conflicts, []);

    let done = house.take(&file.replace("House", "Haus")).await;
    let why: Vec<_> = done.conflicts.iter().map(|c| (c.source_id.as_str(), c.why)).collect();
    assert_eq!(why, [("f0", Why::EditedHere), ("f1", Why::WithdrawnHere)]);
    assert_eq!((done.facilities.conflicts, done.facilities.updated), (2, 1));
    let now = house.facilities().await;
    assert_eq!((&now[0].details, now[1].retired), (&mine, true));
}

#[tokio::test]
async fn a_complete_file_withdraws_what_it_no_longer_names() {
    let house = House::new().await;
    house.take(&rows(0..20)).await;
    // An incomplete file says nothing of what it does not name.
    assert_eq!(house.take(&rows(0..1)).await.facilities.retired, 0);
    let marks = house.marks().await;
    let dry = house.run(ImportDirectory { complete: true, dry_run: true, ..house.input(&rows(2..20)) }).await.unwrap();
    assert_eq!(house.marks().await, marks);
    let done = house.complete(&rows(2..20)).await.unwrap();
    assert_eq!(done, dry);
    assert_eq!((done.organizations.retired, done.facilities.retired), (2, 2));
    assert_eq!(house.facilities().await.iter().filter(|facility| facility.retired).count(), 2);
    let marks = house.marks().await;
    assert_eq!(house.complete(&rows(2..20)).await.unwrap().facilities.retired, 0);
    assert_eq!(house.marks().await, marks);
    // What comes back is there again.
    assert_eq!(house.take(&rows(0..20)).await.facilities.updated, 2);
    assert!(house.facilities().await.iter().all(|facility| !facility.retired));
    house.keeps_its_promises().await;
}

#[tokio::test]
async fn more_than_a_tenth_is_never_withdrawn() {
    let house = House::new().await;
    house.take(&rows(0..20)).await;
    let marks = house.marks().await;
    let Err(Error::BadInput(why)) = house.complete(&rows(3..25)).await else { panic!("three of twenty went") };
    assert!(why.contains("6 of the 40 "), "{why}");
    // Nor by saying that they are closed.
    let closed = rows(0..20).replace("House 1", "CLOSED House 1");
    assert!(matches!(house.run(house.input(&closed)).await, Err(Error::BadInput(_))));
    assert_eq!(house.marks().await, marks);
}

#[tokio::test]
async fn what_was_withdrawn_or_edited_here_does_not_stop_imports() {
    let house = House::new().await;
    house.take(&rows(0..20)).await;
    // Five agencies close, and somebody here says so before the source does; of two more the name was corrected.
    let closed = |facility: &&Entry<FacilityDetails>| {
        facility.external_ids.iter().any(|id| rows(0..5).contains(&format!("{},", id.value)))
    };
    for facility in house.facilities().await.iter().filter(closed) {
        let mut withdraw = SaveEntry::new(Some(facility.id), facility.details.clone(), Provenance::Manual);
        withdraw.retire = true;
        save(&house.hub, &console::viewer(), withdraw).await.unwrap().changed.unwrap();
        let organization: crate::domain::organization::Organization =
            crate::app::directory::one::<OrganizationDetails>(&house.hub, &console::viewer(), facility.owner)
                .map(|organization| Entry::clone(&organization))
                .unwrap();
        let mut withdraw = SaveEntry::new(Some(organization.id), organization.details, Provenance::Manual);
        withdraw.retire = true;
        save(&house.hub, &console::viewer(), withdraw).await.unwrap().changed.unwrap();
    }
    let marks = house.marks().await;
    for _ in 0..2 {
        let done = house.complete(&rows(5..20)).await.unwrap();
        assert_eq!((done.organizations.retired, done.facilities.retired), (0, 0));
    }
    assert_eq!(house.marks().await, marks);
    // What somebody here has withdrawn stays so, whatever the source says later.
    let done = house.take(&rows(0..20).replace("House", "Haus")).await;
    assert_eq!(done.facilities.conflicts, 5);
}

#[tokio::test]
async fn more_may_be_withdrawn_by_saying_how_many() {
    let house = House::new().await;
    house.take(&rows(0..5)).await;
    let Err(Error::BadInput(why)) = house.complete(&rows(1..5)).await else { panic!("one of five went") };
    assert!(why.contains("--allow-retire 2"), "{why}");
    let short = ImportDirectory { complete: true, may_retire: 1, ..house.input(&rows(1..5)) };
    assert!(matches!(house.run(short.clone()).await, Err(Error::BadInput(_))));
    let done = house.run(ImportDirectory { may_retire: 2, ..short }).await.unwrap();
    assert_eq!((done.organizations.retired, done.facilities.retired), (1, 1));
}

#[tokio::test]
async fn an_organization_that_still_runs_something_stays() {
    let house = House::new().await;
    house.take(&rows(0..20)).await;
    let facility = house.facilities().await.remove(0);
    let mut add = SaveEntry::new(None, facility.details.clone(), Provenance::Manual);
    add.owner = Some(facility.owner);
    save(&house.hub, &console::viewer(), add).await.unwrap().changed.unwrap();
    let done = house.complete(&rows(1..20)).await.unwrap();
    assert_eq!((done.organizations.retired, done.facilities.retired), (0, 1));
    assert_eq!(done.conflicts[0].why, Why::StillRuns);
}

#[tokio::test]
async fn a_closed_place_is_not_added_and_one_that_closes_is_withdrawn() {
    let house = House::new().await;
    let file = format!("{}{}", rows(0..20), row(20).replace("House", "CLOSED House"));
    let done = house.take(&file).await;
    assert_eq!((done.organizations.created, done.organizations.closed, done.facilities.closed), (20, 1, 1));
    let done = house.take(&rows(0..20).replace("House 0", "House 0 (CLOSED)")).await;
    assert_eq!((done.organizations.retired, done.facilities.retired), (1, 1));
}

#[tokio::test]
async fn a_dry_run_counts_the_same_and_writes_nothing() {
    let house = House::new().await;
    let marks = house.marks().await;
    let file = rows(0..230);
    let dry = house.run(ImportDirectory { dry_run: true, ..house.input(&file) }).await.unwrap();
    assert_eq!((house.marks().await, house.facilities().await.len()), (marks, 0));
    assert_eq!(house.take(&file).await, dry);
    assert_eq!(dry.organizations.created, 230);
}

#[tokio::test]
async fn a_new_region_is_set_up_and_a_dry_run_only_says_so() {
    let house = House::new().await;
    let goal = Goal::New(console::new_region("lake-country", "America/Chicago"));
    let dry = ImportDirectory { goal: goal.clone(), dry_run: true, ..house.input(&rows(0..2)) };
    let marks = house.marks().await;
    let dry = house.run(dry).await.unwrap();
    assert_eq!(house.marks().await, marks);
    assert!(console::region(&house.hub, "lake-country").is_none());
    assert_eq!(house.run(ImportDirectory { goal, ..house.input(&rows(0..2)) }).await.unwrap(), dry);
    let region = console::region(&house.hub, "lake-country").unwrap();
    assert!(house.facilities().await.iter().all(|facility| facility.region == region.id));
    // Into another region the same keys are at odds with what is there.
    let elsewhere = house.take(&rows(0..2).replace("Amber", "Ambra")).await;
    assert!(elsewhere.conflicts.iter().all(|conflict| conflict.why == Why::OtherRegion));
    assert_eq!(elsewhere.organizations.conflicts, 2);
}

#[tokio::test]
async fn a_bad_row_holds_back_its_organization_alone() {
    let house = House::new().await;
    let file = rows(0..3) + &row(1).replace("f1", "f9").replace("+1305", "x");
    let done = house.take(&file).await;
    assert_eq!((done.organizations.created, done.facilities.created), (2, 2));
    assert!(house.facilities().await.iter().all(|facility| facility.external_ids[0].value != "f1"));
}

#[tokio::test]
async fn a_stop_in_the_middle_can_be_run_again_to_the_same_end() {
    let house = House::new().await;
    let file = rows(0..450);
    let (first_batch, input, viewer) = (Notify::new(), house.input(&file), console::viewer());
    let on_batch = |_| first_batch.notify_one();
    tokio::select! {
        biased;
        () = first_batch.notified() => {}
        done = directory(&house.hub, &viewer, input, &on_batch) => panic!("ended first: {done:?}"),
    }
    let hub = Hub::open(open(&house.folder).await).await.unwrap();
    let house = House { hub, ..house };
    assert_eq!(house.facilities().await.len(), 200);
    let done = house.take(&file).await;
    assert_eq!((done.organizations.unchanged, done.organizations.created), (200, 250));
    assert_eq!((house.facilities().await.len(), house.marks().await.0), (450, 901));
    house.keeps_its_promises().await;
}

fn samhsa_of(folder: &std::path::Path, state: &str) -> (Import, Vec<crate::app::import::Agency>) {
    let mut import = real::import(folder, Source::SamhsaFacilities);
    let filter = Filter { states: vec![state.into()], counties: Vec::new() };
    let region = console::new_region("florida", "America/New_York");
    let agencies = apply::agencies(&mut import, &region, &filter);
    (import, agencies)
}

/// One state; the whole files are the command's.
#[tokio::test]
async fn real_samhsa_sites_of_florida_are_taken() {
    let Some(folder) = real::folder("real_samhsa_sites_of_florida_are_taken") else { return };
    let house = House::new().await;
    let (import, agencies) = samhsa_of(&folder, "FL");
    assert!(import.is_whole());
    let (many, sites) = (agencies.len(), agencies.iter().map(|agency| agency.facilities.len()).sum::<usize>());
    assert!(many > 200 && sites > many, "{many} {sites}");
    let input = ImportDirectory { source: "samhsa".into(), agencies, ..house.input("") };
    let first = house.run(input.clone()).await.unwrap();
    let counted = first.organizations.created + first.organizations.closed;
    assert_eq!(counted, u64::try_from(many).unwrap());
    assert_eq!(first.facilities.created + first.facilities.closed, u64::try_from(sites).unwrap());
    let marks = house.marks().await;
    let again = house.run(ImportDirectory { complete: true, ..input }).await.unwrap();
    assert_eq!(again.facilities.unchanged, first.facilities.created);
    assert_eq!(house.marks().await, marks);
    let organizations = house.hub.store().read(&console::viewer()).await.unwrap();
    let organizations = organizations.entries::<OrganizationDetails>().await.unwrap();
    assert_eq!(organizations.len(), usize::try_from(first.organizations.created).unwrap());
}
