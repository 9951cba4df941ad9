import { Radio } from "@base-ui/react/radio";
import { RadioGroup } from "@base-ui/react/radio-group";
import { type FC, useState } from "react";
import { wireError } from "@/api/call";
import type { Environment } from "@/api/generated/Environment";
import { Icon } from "@/components/icon";
import { Segmented } from "@/components/segmented";
import { Failure } from "@/components/states";
import { ENVIRONMENT_CHOICES, maskUrl, splitPassword, unmaskUrl, urlProblem } from "./model";

/** What a new workspace is made of. */
export interface Connection {
  url: string;
  name: string;
  environment: Environment;
  isReadOnly: boolean;
  caFile: string;
}

/** URL, name, environment and mode. */
export const ConnectForm: FC<{
  connection: Connection;
  onChange: (change: Partial<Connection>) => void;
  onTest: () => void;
  isTesting: boolean;
  error: unknown;
}> = ({ connection, onChange, onTest, isTesting, error }) => {
  const [isShown, setIsShown] = useState(false);
  const [hasCa, setHasCa] = useState(false);
  const hasPassword = (splitPassword(connection.url)?.password ?? "") !== "";
  const problem = connection.url === "" ? undefined : urlProblem(connection.url);
  const fields = error ? wireError(error).fields : [];
  const fieldError = (name: string) => fields.find((field) => field.field === name)?.message;
  const environment = ENVIRONMENT_CHOICES.find((choice) => choice.value === connection.environment);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (urlProblem(connection.url) === undefined && !isTesting) onTest();
      }}
    >
      <div className="fld">
        <label className="fl" htmlFor="setup-url">
          Connection URL
        </label>
        <div className="iw">
          <input
            className="inp mono"
            id="setup-url"
            value={isShown ? connection.url : maskUrl(connection.url)}
            placeholder="postgresql://login:password@host:5432/database"
            spellCheck={false}
            autoComplete="off"
            aria-invalid={problem !== undefined}
            aria-describedby="setup-url-hint"
            onChange={(event) => onChange({ url: unmaskUrl(event.target.value, connection.url) })}
          />
          {hasPassword && (
            <button
              type="button"
              className="ib"
              aria-label={isShown ? "Hide password" : "Show password"}
              aria-pressed={isShown}
              onClick={() => setIsShown(!isShown)}
            >
              <Icon name="eye" />
            </button>
          )}
        </div>
        <div className={problem || fieldError("url") ? "hint warning" : "hint"} id="setup-url-hint">
          {problem ?? fieldError("url") ?? "Paste it as your provider gives it."}{" "}
          {!hasCa && (
            <button type="button" className="link" onClick={() => setHasCa(true)}>
              Use an own CA certificate
            </button>
          )}
        </div>
      </div>
      {hasCa && (
        <div className="fld">
          <label className="fl" htmlFor="setup-ca">
            CA certificate file
          </label>
          <input
            className="inp mono"
            id="setup-ca"
            value={connection.caFile}
            placeholder="/path/to/ca.pem"
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => onChange({ caFile: event.target.value })}
          />
          <div className="hint">In PEM form, for servers whose certificate an own authority signed.</div>
        </div>
      )}
      <div className="fld">
        <label className="fl" htmlFor="setup-name">
          Workspace name
        </label>
        <input
          className="inp"
          id="setup-name"
          value={connection.name}
          autoComplete="off"
          aria-invalid={fieldError("name") !== undefined}
          onChange={(event) => onChange({ name: event.target.value })}
        />
        {fieldError("name") && <div className="hint warning">{fieldError("name")}</div>}
      </div>
      <div className="fld">
        <span className="fl" id="setup-env">
          Environment
        </span>
        <RadioGroup
          className="envs"
          aria-labelledby="setup-env"
          value={connection.environment}
          onValueChange={(next: unknown) => onChange({ environment: next as Environment })}
        >
          {ENVIRONMENT_CHOICES.map((choice) => (
            <Radio.Root key={choice.value} value={choice.value} className="envs-o">
              <i className={choice.swatch} />
              {choice.label}
            </Radio.Root>
          ))}
        </RadioGroup>
        <div className="hint">{environment?.hint}</div>
      </div>
      <div className="fld">
        <span className="fl">Mode</span>
        <Segmented
          label="Mode"
          value={connection.isReadOnly ? "read" : "write"}
          options={[
            { value: "read", label: "Read-only" },
            { value: "write", label: "Reviewed writes" },
          ]}
          onChange={(mode) => onChange({ isReadOnly: mode === "read" })}
        />
        <div className="hint">Can be switched at any time; the database role has the last word.</div>
      </div>
      {error && fields.length === 0 ? <Failure title="The workspace was not added" error={error} /> : null}
    </form>
  );
};
