//! Commands for whoever runs the hub.
use super::Done;
use clap::Args;
use crisis_hub::app::{Hub, Rules, console};
use crisis_hub::board::Board;
use crisis_hub::config::{self, Config, Told};
use crisis_hub::domain::chain::ChainEnd;
use crisis_hub::domain::code::Coded;
use crisis_hub::domain::grant::HolderKind;
use crisis_hub::domain::handoff;
use crisis_hub::domain::role::Role;
use crisis_hub::graphql::{Schema, limits::Limits};
use crisis_hub::http::Tls;
use crisis_hub::node::{self, Sources};
use crisis_hub::policy::{Action, rules, tiers};
use crisis_hub::store::{NETWORK, Store};
use std::process::ExitCode;

/// Who is granted what.
#[derive(Debug, Args)]
pub(super) struct GrantArgs {
    /// The issuer, exactly as in its tokens.
    #[arg(long)]
    issuer: String,
    /// The issuer's name for the person, or the application's client id.
    #[arg(long)]
    subject: String,
    /// The role, such as HUB_OPERATOR.
    #[arg(long, value_parser = role)]
    role: Role,
    /// The region's code; it is set up if it is not there (with --time-zone).
    #[arg(long)]
    region: String,
    /// The agency's id or name; for HUB_OPERATOR an agency "Hub operations" is set up if none is given.
    #[arg(long)]
    organization: Option<String>,
    /// The holder is an application.
    #[arg(long)]
    application: bool,
    /// IANA time zone of a new region.
    #[arg(long, default_value = "America/New_York")]
    time_zone: String,
    /// Whose law the region keeps to, such as US-FL or US-VA: legal statuses with their clocks, and minors' consent.
    #[arg(long)]
    jurisdiction: Option<String>,
}

fn role(text: &str) -> Result<Role, String> {
    Role::from_code(text).ok_or_else(|| format!("one of {}", codes::<Role>()))
}

fn codes<C: Coded>() -> String {
    C::ALL.iter().map(|value| value.code()).collect::<Vec<_>>().join(", ")
}

pub(super) async fn migrate() -> Done {
    let (config, sources) = (Config::read()?, Sources::of_host());
    node::open_store_of(NETWORK, &config, &sources, true).await?;
    println!("The schema is this program's.");
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn grant(args: GrantArgs) -> Done {
    let (config, sources) = (Config::read()?, Sources::of_host());
    let store = node::open_store_of(NETWORK, &config, &sources, false).await?;
    let hub = with_law(store).await?;
    args.jurisdiction.iter().try_for_each(|code| console::known_jurisdiction(&hub, code))?;
    let holder = if args.application { HolderKind::Application } else { HolderKind::Person };
    let wanted = console::FirstGrant {
        issuer: args.issuer,
        subject: args.subject,
        holder,
        role: args.role,
        region: args.region,
        organization: args.organization,
        time_zone: args.time_zone,
    };
    let region = wanted.region.clone();
    let grant = console::grant(&hub, wanted).await?;
    if let Some(code) = &args.jurisdiction {
        console::name_jurisdiction(&hub, &region, code).await?;
    }
    println!("{} {} at {}", grant.id, grant.role.code(), grant.organization);
    println!("Running nodes know it within a second.");
    Ok(ExitCode::SUCCESS)
}

/// The verbs, which know the jurisdictions that a region can name.
pub(super) async fn with_law(store: Store) -> Result<Hub, Box<dyn std::error::Error>> {
    Ok(Hub::with(store, Rules { law: config::law()?, ..Rules::default() }).await?)
}

pub(super) async fn verify(anchors: &[ChainEnd]) -> Done {
    let (config, sources) = (Config::read()?, Sources::of_host());
    verified(&node::open_store(&config, &sources, false).await?, anchors).await
}

/// Asks a database about its promises and prints what it finds.
pub(super) async fn verified(store: &Store, anchors: &[ChainEnd]) -> Done {
    // What was committed before a crash may still wait for its number.
    while store.number_waiting().await?.1 > 0 {}
    let mut broken = 0;
    for finding in store.verify_against(anchors).await? {
        broken += finding.broken;
        println!(
            "{} {} ({} broken)",
            if finding.broken == 0 { "ok  " } else { "FAIL" },
            finding.promise,
            finding.broken
        );
    }
    let (loaded, folded) = (Board::load(store).await?.now().coded(), Board::replay(store).await?.coded());
    let apart = loaded != folded;
    println!("{} the board is a fold of the log ({} units)", if apart { "FAIL" } else { "ok  " }, loaded.len());
    let chain = store.chain_state().await?;
    println!("     the chain of the audit ends at {} ({} lines wait for it)", chain.end, chain.waiting);
    Ok(if broken == 0 && !apart { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub(super) fn schema(policy: bool, handoffs: bool) -> Done {
    let text = match (policy, handoffs) {
        (true, _) => rules::table(),
        (_, true) => handoff::table(),
        _ => Schema::new(&Limits::default(), false).sdl(),
    };
    print!("{text}");
    Ok(ExitCode::SUCCESS)
}

pub(super) fn tiers() -> Done {
    print!("{}", tiers::table());
    Ok(ExitCode::SUCCESS)
}

pub(super) fn why(role: &str, action: &str) -> Done {
    match (Role::from_code(role), Action::from_code(action)) {
        (Some(role), Some(action)) => {
            println!("{}", rules::why(role, action));
            Ok(ExitCode::SUCCESS)
        }
        (None, _) => Err(format!("no such role; one of {}", codes::<Role>()).into()),
        (_, None) => Err(format!("no such action; one of {}", codes::<Action>()).into()),
    }
}

pub(super) fn config_check() -> Done {
    for Told { name, value, from } in Config::told() {
        let from = if from.is_empty() { from } else { format!("   # {from}") };
        println!("{name} = {value}{from}");
    }
    println!();
    let config = Config::read()?;
    if !config.tls_certificate.is_empty() {
        Tls::open(&config.tls_certificate, &config.tls_key)?;
    }
    println!("The settings are good.");
    if config.issuers.is_empty() {
        println!("No issuer is set: nobody can sign in yet.");
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn config_defaults() -> Done {
    print!("{}", include_str!("../../deploy/hub.toml"));
    Ok(ExitCode::SUCCESS)
}
