//! Random needs: each as a GraphQL request has it and as a statement has it.
use crisis_hub::domain::bed::Specialty;
use crisis_hub::domain::code::Coded;
use crisis_hub::domain::geo::Point;
use crisis_hub::domain::service::ServiceKind;
use serde_json::{Map, Value, json};

/// A generator whose stream is the same everywhere (SplitMix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    /// Whether something happens that happens so often in a hundred times.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn of<'a, T>(&mut self, values: &'a [T]) -> &'a T {
        &values[self.below(values.len() as u64) as usize]
    }
}

/// One need. Where a field is not known, a number says so: the statement's parameters are scalars.
#[derive(Clone, Debug)]
pub struct AskedNeed {
    /// As `bedSearch` takes it.
    pub variables: Value,
    /// The level of care, as its place in the list; -1 for any.
    pub kind: i32,
    /// -1 when not known.
    pub age: i32,
    /// 0 not known, 1 voluntary, 2 involuntary.
    pub legal: i32,
    /// 0 not known, 1 women's, 2 men's, 3 private or flexible.
    pub gender: i32,
    /// 0 not known, 1 not done, 2 done and stable, 3 needs care.
    pub screening: i32,
    /// 0 nothing to ask, 1 wheelchair, 2 other help.
    pub mobility: i32,
    pub language: Option<&'static str>,
    pub county: Option<u32>,
    /// What the unit has to be set up for, a bit each.
    pub set_up: i64,
    /// 1 when there is something to tell or to ask of any unit.
    pub ask: i32,
    pub near: Point,
    /// In meters; none looks everywhere.
    pub within: Option<u32>,
}

/// Which bit a specialty has.
pub fn bit(specialty: Specialty) -> i64 {
    1 << (specialty as usize)
}

/// The place of a level of care in its list.
pub fn kind(kind: ServiceKind) -> i32 {
    kind as i32
}

fn code<C: Coded>(value: C) -> Value {
    Value::String(value.code().into())
}

impl AskedNeed {
    /// So many needs, the same in every run: a third knows little, most are near the coast's cities.
    pub fn many(count: usize) -> Vec<Self> {
        let mut dice = Dice::new(20_261_123);
        (0..count).map(|_| Self::random(&mut dice)).collect()
    }

    fn random(dice: &mut Dice) -> Self {
        use crisis_hub::domain::need::{Acuity, LegalStatus, MedicalScreening, Mobility, RoomGenderNeed};
        let mut need = Map::new();
        let levels = [ServiceKind::Receiving23h, ServiceKind::PsychInpatient, ServiceKind::StabilizationShort];
        let level = dice.percent(70).then(|| *dice.of(&levels));
        let age = dice.percent(80).then(|| *dice.of(&[9, 14, 16, 17, 19, 24, 34, 41, 58, 63, 77]));
        let legal = if dice.percent(60) { Some(*dice.of(LegalStatus::ALL)) } else { None };
        let gender = if dice.percent(50) { Some(*dice.of(RoomGenderNeed::ALL)) } else { None };
        let screening = if dice.percent(50) { Some(*dice.of(MedicalScreening::ALL)) } else { None };
        let mobility = if dice.percent(20) { Some(*dice.of(Mobility::ALL)) } else { None };
        let language = dice.percent(20).then(|| *dice.of(&["en", "es", "ht", "vi"]));
        let county = dice.percent(60).then(|| *dice.of(&[12_086_u32, 12_011, 12_099, 12_087, 12_057]));
        let acute = dice.percent(10);
        let mut set_up = 0;
        for (field, specialty, percent) in [
            ("intellectualOrDevelopmentalDisability", Specialty::Idd, 5),
            ("dementiaOrBrainInjury", Specialty::DementiaTbi, 10),
            ("pregnant", Specialty::Perinatal, 4),
            ("medicalDevices", Specialty::MedicalPsych, 4),
            ("oneToOneObservation", Specialty::OneToOne, 4),
        ] {
            if dice.percent(percent) {
                need.insert(field.into(), true.into());
                set_up |= bit(specialty);
            }
        }
        let mut put = |field: &str, value: Option<Value>| value.map(|value| need.insert(field.into(), value));
        put("levelOfCare", level.map(code));
        put("age", age.map(Value::from));
        put("legalStatus", legal.map(code));
        put("roomGenderNeed", gender.map(code));
        put("medicalScreening", screening.map(code));
        put("mobility", mobility.map(code));
        put("language", language.map(Value::from));
        put("homeCounty", county.map(|county| county.to_string().into()));
        put("acuity", acute.then(|| code(Acuity::High)));
        let (latitude, longitude) = (25.3 + dice.below(1_600) as f64 / 1e3, -80.75 + dice.below(700) as f64 / 1e3);
        let km = if dice.percent(50) { None } else { Some(*dice.of(&[15_u32, 30, 60])) };
        let near =
            Point { latitude_e6: (latitude * 1e6).round() as i32, longitude_e6: (longitude * 1e6).round() as i32 };
        let at = json!({ "latitude": near.latitude(), "longitude": near.longitude() });
        Self {
            variables: json!({ "need": need, "near": at, "within": km }),
            kind: level.map_or(-1, kind),
            age: age.unwrap_or(-1),
            legal: legal.map_or(0, |status| status as i32 + 1),
            gender: match gender {
                None | Some(RoomGenderNeed::Ask) => 0,
                Some(RoomGenderNeed::Female) => 1,
                Some(RoomGenderNeed::Male) => 2,
                Some(RoomGenderNeed::PrivateOrFlexible) => 3,
            },
            screening: screening.map_or(0, |screening| screening as i32 + 1),
            mobility: match mobility {
                None | Some(Mobility::Independent) => 0,
                Some(Mobility::Wheelchair) => 1,
                Some(Mobility::Assisted | Mobility::Bedbound) => 2,
            },
            language,
            county,
            set_up,
            ask: i32::from(acute),
            near,
            within: km.map(|km| km * 1_000),
        }
    }
}
