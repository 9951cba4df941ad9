import { useMutation } from "@tanstack/react-query";
import { type FC, type ReactNode, useState } from "react";
import type { Settings } from "@/api/generated/Settings";
import { settingsUpdate } from "@/api/mutations";
import { Choice } from "@/components/choice";
import { PageHead } from "@/components/page-head";
import { Panel } from "@/components/panel";
import { PickList } from "@/components/pick-list";
import { PopoverButton } from "@/components/popup";
import { Segmented } from "@/components/segmented";
import { COMPARES, parseRange, rangeLabel } from "@/lib/range";
import { useSession, useSetScope } from "@/lib/scope";
import { zoneItems } from "@/lib/zones";
import { WorkspacePanel } from "./workspace-panel";

/** What this computer remembers. */
export const SettingsView: FC = () => {
  const { session, settings } = useSession();
  const keep = useMutation(settingsUpdate());
  const setScope = useSetScope();
  const set = (change: Partial<Settings>) => keep.mutate({ ...settings, ...change });
  return (
    <div className="wrap narrow">
      <PageHead title="Settings" note="Kept on this computer, for every workspace." />
      <Panel title="Appearance">
        <Row name="Theme" note="System follows the computer, and its high contrast too.">
          <Segmented
            label="Theme"
            value={settings.theme}
            options={[
              { value: "system", label: "System" },
              { value: "light", label: "Light" },
              { value: "dark", label: "Dark" },
            ]}
            onChange={(theme) => set({ theme: theme as Settings["theme"] })}
          />
        </Row>
        <Row name="Density" note="Height of rows and controls.">
          <Segmented
            label="Density"
            value={settings.density}
            options={[
              { value: "comfortable", label: "Comfortable" },
              { value: "default", label: "Default" },
              { value: "compact", label: "Compact" },
            ]}
            onChange={(density) => set({ density: density as Settings["density"] })}
          />
        </Row>
      </Panel>
      <Panel title="Days and times">
        <Row name="Time zone" note={`Days start and end here. This computer is in ${session.zone}.`}>
          <ZoneButton
            zone={settings.zone || session.zone}
            onPick={(zone) => {
              set({ zone });
              setScope({ zone });
            }}
          />
        </Row>
        <Row name="Range at the start" note="What views open with.">
          <RangeField range={settings.range} onKeep={(range) => set({ range })} />
        </Row>
        <Row name="Comparison" note="How the previous period is found.">
          <Choice
            label="Comparison"
            value={settings.compare}
            options={COMPARES.map((choice) => ({ value: choice.compare, label: choice.label }))}
            onChange={(compare) => set({ compare: compare as Settings["compare"] })}
          />
        </Row>
        <Row name="Look at the server" note="While the window is in front.">
          <Choice
            label="Look at the server"
            value={String(settings.pull_seconds)}
            options={[...new Set([2, 5, 15, 60, settings.pull_seconds])]
              .sort((a, b) => a - b)
              .map((seconds) => ({ value: String(seconds), label: `every ${seconds} s` }))}
            onChange={(seconds) => set({ pull_seconds: Number(seconds) })}
          />
        </Row>
      </Panel>
      <Panel title="Keyboard">
        <Row name="Single keys" note="D, W, M, G then a letter, and the like. Press ? for all of them.">
          <Segmented
            label="Single keys"
            value={settings.has_single_key_shortcuts ? "on" : "off"}
            options={[
              { value: "on", label: "On" },
              { value: "off", label: "Off" },
            ]}
            onChange={(value) => set({ has_single_key_shortcuts: value === "on" })}
          />
        </Row>
      </Panel>
      <WorkspacePanel />
      <Panel title="About">
        <Row name="Version" note="">
          <span className="mono">{session.version}</span>
        </Row>
        <Row name="Secrets" note="Where passwords are kept.">
          <span>{session.secrets}</span>
        </Row>
      </Panel>
    </div>
  );
};

const Row: FC<{ name: string; note: string; children: ReactNode }> = ({ name, note, children }) => (
  <div className="set">
    <div>
      <div className="m">{name}</div>
      {note && <div className="cap t3">{note}</div>}
    </div>
    <div className="set-c">{children}</div>
  </div>
);

const ZoneButton: FC<{ zone: string; onPick: (zone: string) => void }> = ({ zone, onPick }) => {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <PopoverButton
      label="Time zone"
      className="zone"
      isOpen={isOpen}
      onOpenChange={setIsOpen}
      trigger={
        <button type="button" className="btn" aria-label={`Time zone: ${zone}`}>
          {zone}
        </button>
      }
    >
      <PickList
        label="Time zone"
        placeholder="Search zones"
        selected={zone}
        items={zoneItems(zone)}
        onPick={(next) => {
          onPick(next);
          setIsOpen(false);
        }}
      />
    </PopoverButton>
  );
};

const RangeField: FC<{ range: string; onKeep: (range: string) => void }> = ({ range, onKeep }) => {
  const [typed, setTyped] = useState(range);
  const parsed = parseRange(typed);
  return (
    <div>
      <input
        className="inp mono"
        aria-label="Range at the start"
        aria-describedby="range-at-start"
        aria-invalid={!parsed}
        value={typed}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setTyped(event.target.value)}
        onBlur={() => parsed && parsed !== range && onKeep(parsed)}
        onKeyDown={(event) => event.key === "Enter" && parsed && onKeep(parsed)}
      />
      <div id="range-at-start" className={parsed ? "hint" : "hint warning"}>
        {parsed ? rangeLabel(parsed) : "24h, 30d, 2026-10, 2026-10-01..2026-10-31"}
      </div>
    </div>
  );
};
