import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FC, type FormEvent, useState } from "react";
import type { PresetOpening } from "@/api/generated/PresetOpening";
import type { SavedView } from "@/api/generated/SavedView";
import { viewRemove, viewSave } from "@/api/mutations";
import { viewListOptions } from "@/api/queries";
import { Icon } from "@/components/icon";
import { MenuButton, MenuGroup, MenuItem, Modal, ModalClose, ModalTitle } from "@/components/popup";
import { notify } from "@/lib/notices";
import { useScope, useWorkspace } from "@/lib/scope";
import { presetSearch } from "./model";
import type { UsageSearch } from "./search";

/** Arrangements on offer, views somebody kept, and keeping this one. */
export const SavedViews: FC<{ search: UsageSearch; presets: readonly PresetOpening[] }> = ({
  search,
  presets,
}) => {
  const workspace = useWorkspace();
  const scope = useScope();
  const navigate = useNavigate();
  const list = useQuery(viewListOptions(workspace.id));
  const remove = useMutation(viewRemove());
  const [isSaving, setIsSaving] = useState(false);
  const views = list.data?.views.filter((view) => view.path === "/usage") ?? [];
  const shown = JSON.stringify({ ...search, ...scope });
  const current = views.find((view) => sameView(view, search, scope));
  const label =
    current?.name ?? presets.find((entry) => entry.preset === (search.preset ?? "activity"))?.label;
  return (
    <>
      <MenuButton
        trigger={
          <button type="button" className="btn" aria-label={`View: ${label ?? "Activity"}`}>
            <Icon name="table" />
            {label ?? "Activity"}
            <Icon name="down" />
          </button>
        }
      >
        <MenuGroup label="Presets">
          {presets.map((opening) => (
            <MenuItem
              key={opening.preset}
              onClick={() =>
                void navigate({
                  to: "/usage",
                  search: (before) => ({ ...before, tab: undefined, ...presetSearch(opening) }),
                })
              }
            >
              <span className="mi-c">
                {!current && opening.preset === (search.preset ?? "activity") && <Icon name="check" />}
              </span>
              <span className="mi-t">{opening.label}</span>
              <span className="mi-h">{opening.note}</span>
            </MenuItem>
          ))}
        </MenuGroup>
        {views.length > 0 && (
          <MenuGroup label="Kept on this computer">
            {views.map((view) => (
              <MenuItem
                key={view.name}
                onClick={() => void navigate({ to: "/usage", search: () => view.search as never })}
              >
                <span className="mi-c">{view === current && <Icon name="check" />}</span>
                <span className="mi-t">{view.name}</span>
              </MenuItem>
            ))}
          </MenuGroup>
        )}
        <MenuItem onClick={() => setIsSaving(true)}>
          <span className="mi-c">
            <Icon name="plus" />
          </span>
          <span className="mi-t">Keep this view…</span>
        </MenuItem>
        {current && (
          <MenuItem
            onClick={() =>
              remove.mutate(current.name, {
                onSuccess: () => notify({ tone: "ok", title: "View removed", text: current.name }),
              })
            }
          >
            <span className="mi-c">
              <Icon name="x" />
            </span>
            <span className="mi-t">Remove “{current.name}”</span>
          </MenuItem>
        )}
      </MenuButton>
      <Modal isOpen={isSaving} onClose={() => setIsSaving(false)} className="ask">
        {isSaving && (
          <KeepForm search={JSON.parse(shown) as Record<string, unknown>} onDone={() => setIsSaving(false)} />
        )}
      </Modal>
    </>
  );
};

/** Whether an address shows what a kept view says. */
function sameView(view: SavedView, search: UsageSearch, scope: object): boolean {
  const now: Record<string, unknown> = { ...search, ...scope };
  const keys = new Set([...Object.keys(now), ...Object.keys(view.search)]);
  return [...keys].every((key) => JSON.stringify(now[key]) === JSON.stringify(view.search[key]));
}

const KeepForm: FC<{ search: Record<string, unknown>; onDone: () => void }> = ({ search, onDone }) => {
  const [name, setName] = useState("");
  const save = useMutation(viewSave());
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(
      { name, path: "/usage", search },
      {
        onSuccess: () => {
          notify({ tone: "ok", title: "View kept", text: name });
          onDone();
        },
      },
    );
  };
  return (
    <form onSubmit={submit}>
      <div className="dh">
        <ModalTitle>Keep this view</ModalTitle>
        <span className="dx">
          <ModalClose />
        </span>
      </div>
      <div className="ask-p">
        <label className="fl" htmlFor="view-name">
          Name
        </label>
        <input
          id="view-name"
          className="inp"
          value={name}
          maxLength={80}
          autoComplete="off"
          aria-describedby="view-hint"
          onChange={(event) => setName(event.target.value)}
        />
        <div id="view-hint" className={save.isError ? "hint warning" : "hint"}>
          {save.isError
            ? save.error.message
            : "Range, zone, filters and columns are kept for this workspace on this computer. To share it, copy the link."}
        </div>
      </div>
      <div className="dfoot">
        <span className="act">
          <button type="button" className="btn" onClick={onDone}>
            Cancel
          </button>
          <button type="submit" className="btn pri" disabled={name.trim() === "" || save.isPending}>
            Keep view
          </button>
        </span>
      </div>
    </form>
  );
};
