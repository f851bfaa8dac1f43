//! `demo`: a whole region to look at, without any set-up.
use super::{Done, serve};
use clap::Args;
use crisis_hub::app::{Hub, Rules};
use crisis_hub::config::{self, Config};
use crisis_hub::demo::alive::{Cast, HISTORY_HOURS, PlayClock, Played};
use crisis_hub::demo::issuer::DemoIssuer;
use crisis_hub::demo::world::{Loaded, SEED, World};
use crisis_hub::demo::{cut, keys, personas, teams};
use crisis_hub::node::{self, Node, Sources};
use crisis_hub::store::{DEMO, Store};
use indicatif::{ProgressBar, ProgressStyle};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Where the demo listens and keeps its data.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where to keep the demo's data; delete it to begin anew.
    #[arg(long, default_value = "data/demo")]
    data: PathBuf,
    /// How many times as much happens as in life, 1 to 100; the clock is never changed.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pace: u32,
    /// Play the hours before the start, then leave the region still: nothing happens by itself but that numbers grow old.
    #[arg(long, conflicts_with = "pace")]
    quiet: bool,
}

pub(super) async fn demo(args: DemoArgs) -> Done {
    let metrics = serve::metrics();
    let listener = listen(args.listen).await?;
    let at = listener.local_addr()?;
    let sources = Sources::of_host();
    let (clock, began) = (sources.clock.clone(), sources.clock.now());
    let folder = std::path::absolute(&args.data)?;
    std::fs::create_dir_all(&folder)?;
    let mut config = Config::read_for_demo(&format!("sqlite:{}", folder.join("hub.db").display()))?;
    let issuer = DemoIssuer::open(&folder)?;
    config.issuers = vec![issuer.settings()?];
    config.listen = at;
    config.keys_file = folder.join("keys");

    let store = node::open_store_of(DEMO, &config, &sources, true).await?;
    let past = past(&config, &sources, &store, &issuer, &folder).await?;
    let issuers = config.issuers.clone();
    let node = Node::start(config, sources, store, issuers, true, metrics).await?;

    let seconds = clock.now().micros_since(began) as f64 / 1e6;
    print!("{}", welcome(at, &folder, &past, seconds));
    if args.quiet {
        println!("Nothing moves by itself: --quiet.");
    } else {
        tokio::spawn(past.cast.live(node.hub.clone(), args.pace));
    }
    node.serve(listener, serve::stopped()).await?;
    Ok(ExitCode::SUCCESS)
}

/// Cuts the demo region's files out of the real ones.
pub(super) fn cut(data: &Path, out: &Path) -> Done {
    println!("{:?}", cut::cut(data, out, cut::SEED)?);
    Ok(ExitCode::SUCCESS)
}

async fn listen(at: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(at).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("{at} is taken: choose another, as with --listen {}:{}", at.ip(), at.port().wrapping_add(1))
        }
        _ => format!("cannot listen at {at}: {error}"),
    })
}

/// The region as it was brought up to the present, and who goes on from there.
struct Past {
    loaded: Loaded,
    people: usize,
    played: Played,
    cast: Cast,
}

/// Loads the region and plays the hours before the present, or since its last event, in their own time.
async fn past(
    config: &Config,
    sources: &Sources,
    store: &Store,
    issuer: &DemoIssuer,
    folder: &Path,
) -> Result<Past, Box<dyn std::error::Error>> {
    let from = sources.clock.now().plus_minutes(-60 * HISTORY_HOURS).max(store.high_water().await?);
    let clock = Arc::new(PlayClock::starting(from, sources.clock.clone()));
    let then = Sources { clock: clock.clone(), ids: sources.ids.clone(), correctable: None };
    let hub = Hub::with(
        node::open_store_of(DEMO, config, &then, false).await?,
        Rules { holds: config.holds, law: config::law()?, retention: config.retention, ..Rules::default() },
    )
    .await?;
    // A start that is cut short plays it again.
    hub.store().run_ahead_of_disk().await?;
    let world = World::region();
    let minutes = u64::try_from(clock.present().micros_since(clock.at()) / 60_000_000)?;
    // Indicatif draws nothing where standard error is no terminal.
    let bar = ProgressBar::new(world.steps() + minutes);
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {percent} %") {
        bar.set_style(style);
    }
    bar.set_message("Loading the region");
    let loaded = world.load(&hub, || bar.inc(1)).await?;
    bar.set_message("Playing the last hours");
    let mut cast = Cast::of(&hub, &loaded, SEED);
    let played = cast.play(&hub, &clock, |minute| bar.set_position(world.steps() + minute)).await?;
    keys::load(&hub, loaded.region).await?;
    teams::begin(&hub, &loaded.teams).await?;
    let people = personas::settle(&hub, &loaded, issuer, folder).await?.len();
    // Whoever follows the log from now on is not told of the past.
    while hub.store().number_waiting().await?.1 > 0 {}
    hub.store().reach_disk().await?;
    hub.store().close().await;
    bar.finish_and_clear();
    Ok(Past { loaded, people, played, cast })
}

/// What is said when all is ready: where to look, what to try.
fn welcome(at: SocketAddr, folder: &Path, past: &Past, seconds: f64) -> String {
    let Past { loaded, people, played, .. } = past;
    let host = if at.ip().is_unspecified() { format!("127.0.0.1:{}", at.port()) } else { at.to_string() };
    let personas = folder.join(personas::FILE);
    let unit = loaded.units_of("invented:crisis-1").next().map(|id| id.to_string()).unwrap_or_default();
    format!(
        r#"Ready in {seconds:.1} s: {organizations} organizations, {facilities} facilities, {units} units, {teams} mobile teams of "South Florida (demo)".
Every organization and person in it is invented. What its people did in the {stretch} before is in the log: {acts} acts.

  Look   http://{host}/   the live board: paste a token there
  API    http://{host}/graphql   schema at http://{host}/schema.graphql
  Who    {personas}
         {people} personas, such as officer, intake, line_988, agency_admin-2; tokens are good for 12 hours

Try, in another terminal:

token() {{ sed -n 's/.*"persona":"'"$1"'",.*"token":"\([^"]*\)".*/\1/p' '{personas}'; }}
ask() {{ curl -sN http://{host}/graphql -H "Authorization: Bearer $(token "$1")" -H 'Content-Type: application/json' -d "$2"; echo; }}

# An officer asks who can talk and who can come, then where somebody can be brought to
ask officer '{{"query":"{{ bedSearch(need: {{age: 34}}, near: {{latitude: 25.77, longitude: -80.19}}, inCounty: \"12086\", first: 3) {{ talkNow {{ directLine service {{ name }} }} canCome {{ team {{ label status }} }} edges {{ distanceKm fit node {{ label shownAs freshness facility {{ name city }} }} }} }} }}"}}'

# A crisis center's intake reports its chairs
ask intake '{{"query":"mutation {{ reportBeds(input: {{units: [{{unitId: \"{unit}\", staffed: 24, occupied: 17}}]}}) {{ bedUnits {{ label net freshness }} problems {{ message }} }} }}"}}'

# The officer announces somebody where it fits best, and the desk reads who is coming
place=$(ask officer '{{"query":"{{ matchPathways(need: {{age: 34}}, near: {{latitude: 25.77, longitude: -80.19}}) {{ pathway {{ id }} unit {{ id }} }} }}"}}')
by=$(echo "$place" | grep -o 'pathway_[0-9a-f]*' | head -1); to=$(echo "$place" | grep -o 'bed_unit_[0-9a-f]*' | head -1)
ask officer '{{"query":"mutation {{ announceHandoff(input: {{pathwayId: \"'$by'\", unitId: \"'$to'\", need: {{age: 34}}}}) {{ handoff {{ code state arriveBy receiver {{ name }} }} problems {{ message }} }} }}"}}'
ask intake '{{"query":"{{ handoffs(first: 3) {{ edges {{ node {{ code state arriveBy need {{ ageBand }} sender {{ name }} }} }} }} }}"}}'

# The 988 line watches every change (report again to see one)
curl -sN http://{host}/graphql -H "Authorization: Bearer $(token line_988)" -H 'Content-Type: application/json' -H 'Accept: text/event-stream' -d '{{"query":"subscription {{ bedsChanged {{ change unit {{ label shownAs net facility {{ name }} }} cursor }} }}"}}'

Ctrl-C ends the demo; its data stays in {folder}.
"#,
        organizations = loaded.organizations.len(),
        facilities = loaded.facilities,
        units = loaded.units.len(),
        teams = loaded.teams.len(),
        stretch = stretch(played.minutes),
        acts = played.acts,
        personas = personas.display(),
        folder = folder.display(),
    )
}

fn stretch(minutes: i64) -> String {
    match minutes {
        ..=1 => "minute".to_owned(),
        2..=119 => format!("{minutes} minutes"),
        _ => format!("{} hours", minutes / 60),
    }
}
