import { Radio } from "@base-ui/react/radio";
import { RadioGroup } from "@base-ui/react/radio-group";
import { useMutation } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FC, useEffect, useState } from "react";
import type { Environment } from "@/api/generated/Environment";
import { connectionTest, sampleOpen, workspaceAdd } from "@/api/mutations";
import { Glyph, Icon, type IconName } from "@/components/icon";
import { Failure } from "@/components/states";
import { useSession } from "@/lib/scope";
import { platform } from "@/platform/current";
import { ChecksPanel } from "./checks-panel";
import { ConnectForm, type Connection } from "./connect-form";
import { nameFromUrl, urlProblem } from "./model";
import { Steps } from "./steps";

type Way = "sample" | "connect";

/** The sample company as the environment wants it, kept as it is. */
const THE_SAMPLE = { size: null, database_url: null, is_reset: false };

/** First run, and every further workspace: look around with invented data, or connect. */
export const SetupView: FC = () => {
  const { session } = useSession();
  const navigate = useNavigate();
  const [way, setWay] = useState<Way>(session.sample_unavailable === null ? "sample" : "connect");
  const [connection, setConnection] = useState<Connection>({
    url: "",
    name: "",
    environment: "production",
    isReadOnly: true,
    caFile: "",
  });
  const test = useMutation(connectionTest());
  const open = useMutation(sampleOpen());
  const openSample = open.mutate;
  const wanted = useSearch({ from: "/setup" }).open;
  useEffect(() => {
    if (wanted !== "sample") return;
    // Once: Back, or a reload after a failure, leaves the choice to the person.
    void navigate({ to: "/setup", search: {}, replace: true });
    openSample(THE_SAMPLE);
  }, [wanted, navigate, openSample]);
  const add = useMutation(workspaceAdd());
  useEffect(() => platform().setTitle("Set up · Steward"), []);

  const toOverview = () => void navigate({ to: "/" });
  // The frame leads back here while the session has no workspace, so the new one has to be in it first.
  const opened = (open.data ?? add.data)?.id;
  const isOpened = opened !== undefined && session.workspace?.id === opened;
  useEffect(() => {
    if (isOpened) void navigate({ to: "/" });
  }, [isOpened, navigate]);
  const runTest = () => {
    add.reset();
    test.mutate({ url: connection.url.trim(), ca_file: connection.caFile.trim() || null });
  };
  const change = (next: Partial<Connection>) => {
    if (next.url !== undefined || next.caFile !== undefined) test.reset();
    const environment: Environment = next.environment ?? connection.environment;
    setConnection({
      ...connection,
      ...next,
      // Until somebody writes a name it follows the host; until somebody chooses, production starts locked.
      ...(next.url !== undefined &&
      (connection.name === "" || connection.name === nameFromUrl(connection.url))
        ? { name: nameFromUrl(next.url) }
        : {}),
      ...(next.environment !== undefined ? { isReadOnly: environment === "production" } : {}),
    });
  };
  const isTested = test.data?.is_ok === true;
  const finish = () => {
    if (way === "sample") {
      open.mutate(THE_SAMPLE);
      return;
    }
    add.mutate({
      name: connection.name.trim(),
      url: connection.url.trim(),
      environment: connection.environment,
      is_read_only: connection.isReadOnly,
      ca_file: connection.caFile.trim() || null,
    });
  };
  const isBusy = open.isPending || add.isPending;
  const waitsFor =
    way === "sample"
      ? (session.sample_unavailable ?? "")
      : urlProblem(connection.url) !== undefined
        ? "The connection URL comes first"
        : !isTested
          ? "The checks have to pass first"
          : connection.name.trim() === ""
            ? "The workspace needs a name"
            : "";
  return (
    <div className="fr">
      <Steps way={way} checks={test.data?.checks} isReady={waitsFor === ""} secrets={session.secrets} />
      <main className="fm" id="main">
        <div className="fi">
          <h1 tabIndex={-1}>Set up a workspace</h1>
          <RadioGroup
            className="opts"
            aria-label="How to start"
            value={way}
            onValueChange={(next: unknown) => setWay(next as Way)}
          >
            <WayCard
              value="sample"
              icon="building"
              title="Explore the sample company"
              text={
                session.sample_unavailable ?? "Users, plans, teams and every event, all invented. No network."
              }
            />
            <WayCard
              value="connect"
              icon="db"
              title="Connect your database"
              text="Postgres 14 or later, Supabase too. Connecting changes nothing."
            />
          </RadioGroup>
          {way === "connect" ? (
            <div className="two">
              <ConnectForm
                connection={connection}
                onChange={change}
                onTest={runTest}
                isTesting={test.isPending}
                error={add.error}
              />
              <ChecksPanel
                checks={test.data?.checks}
                error={test.error}
                isRunning={test.isPending}
                canRun={urlProblem(connection.url) === undefined}
                onRun={runTest}
              />
            </div>
          ) : (
            <SampleNotes isOpening={open.isPending} error={open.error} onRetry={finish} />
          )}
        </div>
        <footer className="ff">
          <span className="act">
            <span className="t3">{waitsFor}</span>
            {session.workspace && (
              <button type="button" className="btn" onClick={toOverview}>
                Back
              </button>
            )}
            <button type="button" className="btn pri" disabled={waitsFor !== "" || isBusy} onClick={finish}>
              {way === "sample"
                ? open.isPending
                  ? "Opening the sample company"
                  : "Open the sample company"
                : add.isPending
                  ? "Adding the workspace"
                  : "Add workspace"}
            </button>
          </span>
        </footer>
      </main>
    </div>
  );
};

const WayCard: FC<{ value: Way; icon: IconName; title: string; text: string }> = ({
  value,
  icon,
  title,
  text,
}) => (
  <Radio.Root value={value} className="opt" aria-label={`${title}. ${text}`}>
    <Icon name={icon} />
    <span>
      <b>{title}</b>
      <span>{text}</span>
    </span>
    <i className="rd" />
  </Radio.Root>
);

const SAMPLE_FACTS = [
  [
    "What it is",
    "A company that sells AI features, with plans, teams, limits, subscriptions and every event.",
  ],
  ["Where it runs", "On a PostgreSQL that Steward starts on this computer. Nothing leaves it."],
  [
    "What you can do",
    "Everything: look, filter, change a plan, take it back, compare the copy with the server.",
  ],
  ["How it is marked", "Every view carries a “Sample data” ribbon, so nobody takes it for your company."],
] as const;

const SampleNotes: FC<{ isOpening: boolean; error: unknown; onRetry: () => void }> = ({
  isOpening,
  error,
  onRetry,
}) => (
  <section className="panel sample" aria-labelledby="sample-h">
    <div className="pt">
      <h2 id="sample-h">The sample company</h2>
      {isOpening && (
        <span className="s" role="status">
          Starting its database and writing every event. The first time takes a moment.
        </span>
      )}
    </div>
    {isOpening && <div className="topbar is-here" aria-hidden="true" />}
    {error ? (
      <Failure title="The sample company could not be opened" error={error} onRetry={onRetry} />
    ) : (
      <dl className="sample-f">
        {SAMPLE_FACTS.map(([name, text]) => (
          <div key={name}>
            <dt>
              <span className="ok">
                <Glyph tone="ok" />
              </span>
              {name}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    )}
  </section>
);
