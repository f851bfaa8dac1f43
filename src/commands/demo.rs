//! `demo`: a whole region to look at, without any set-up.
use super::{Done, serve};
use clap::Args;
use crisis_hub::app::Hub;
use crisis_hub::config::Config;
use crisis_hub::demo::issuer::DemoIssuer;
use crisis_hub::demo::world::{Loaded, SEED, World};
use crisis_hub::demo::{alive, cut, personas};
use crisis_hub::node::{self, Node, Sources};
use crisis_hub::store::DEMO;
use indicatif::{ProgressBar, ProgressStyle};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
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
    /// Load the region and leave it still: no unit reports by itself.
    #[arg(long)]
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

    let store = node::open_store_of(DEMO, &config, &sources, true).await?;
    let (loaded, people) = load(&Hub::open(store.clone()).await?, &issuer, &folder).await?;
    // Whoever follows the log from now on is not told of the load.
    while store.number_waiting().await?.1 > 0 {}
    let issuers = config.issuers.clone();
    let node = Node::start(config, sources, store, issuers, true, metrics).await?;

    let seconds = clock.now().micros_since(began) as f64 / 1e6;
    print!("{}", welcome(at, &folder, &loaded, people, seconds));
    if !args.quiet {
        tokio::spawn(alive::run(node.hub.clone(), loaded.units, SEED));
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

type Settled = Result<(Loaded, usize), Box<dyn std::error::Error>>;

async fn load(hub: &Hub, issuer: &DemoIssuer, folder: &Path) -> Settled {
    let world = World::region();
    // Indicatif draws nothing where standard error is no terminal.
    let bar = ProgressBar::new(world.steps());
    if let Ok(style) = ProgressStyle::with_template("Loading the region {wide_bar} {pos}/{len}") {
        bar.set_style(style);
    }
    let loaded = world.load(hub, || bar.inc(1)).await?;
    bar.finish_and_clear();
    let people = personas::settle(hub, &loaded, issuer, folder).await?;
    Ok((loaded, people.len()))
}

/// What is said when all is ready: where to look, what to try.
fn welcome(at: SocketAddr, folder: &Path, loaded: &Loaded, people: usize, seconds: f64) -> String {
    let host = if at.ip().is_unspecified() { format!("127.0.0.1:{}", at.port()) } else { at.to_string() };
    let personas = folder.join(personas::FILE);
    let unit = loaded.units_of("invented:crisis-1").next().map(|id| id.to_string()).unwrap_or_default();
    format!(
        r#"Ready in {seconds:.1} s: {organizations} organizations, {facilities} facilities, {units} units of "South Florida (demo)".
Every organization and person in it is invented.

  Look   http://{host}/   the live board: paste a token there
  API    http://{host}/graphql   schema at http://{host}/schema.graphql
  Who    {personas}
         {people} personas, such as officer, intake, line_988, agency_admin-2; tokens are good for 12 hours

Try, in another terminal:

token() {{ sed -n 's/.*"persona":"'"$1"'",.*"token":"\([^"]*\)".*/\1/p' '{personas}'; }}
ask() {{ curl -sN http://{host}/graphql -H "Authorization: Bearer $(token "$1")" -H 'Content-Type: application/json' -d "$2"; echo; }}

# An officer looks for a place to bring somebody to
ask officer '{{"query":"{{ bedSearch(need: {{age: 34}}, near: {{latitude: 25.77, longitude: -80.19}}, first: 3) {{ edges {{ distanceKm fit node {{ label shownAs freshness facility {{ name city }} }} }} }} }}"}}'

# A crisis center's intake reports its chairs
ask intake '{{"query":"mutation {{ reportBeds(input: {{units: [{{unitId: \"{unit}\", staffed: 24, occupied: 17}}]}}) {{ bedUnits {{ label net freshness }} problems {{ message }} }} }}"}}'

# The 988 line watches every change (report again to see one)
curl -sN http://{host}/graphql -H "Authorization: Bearer $(token line_988)" -H 'Content-Type: application/json' -H 'Accept: text/event-stream' -d '{{"query":"subscription {{ bedsChanged {{ change unit {{ label shownAs net facility {{ name }} }} cursor }} }}"}}'

Ctrl-C ends the demo; its data stays in {folder}.
"#,
        organizations = loaded.organizations.len(),
        facilities = loaded.facilities,
        units = loaded.units.len(),
        personas = personas.display(),
        folder = folder.display(),
    )
}
