import type { FC } from "react";
import { Modal, ModalClose, ModalTitle } from "@/components/popup";
import { type Action, keyLabels } from "@/lib/actions";

/** All shortcuts, straight from the registry. */
export const Help: FC<{
  isOpen: boolean;
  onClose: () => void;
  actions: readonly Action[];
  hasSingleKeys: boolean;
}> = ({ isOpen, onClose, actions, hasSingleKeys }) => {
  const groups = [...new Set(actions.map((action) => action.group))];
  return (
    <Modal isOpen={isOpen} onClose={onClose} className="help">
      <div className="dh">
        <ModalTitle>Shortcuts</ModalTitle>
        <span className="dx">
          <ModalClose />
        </span>
      </div>
      <div className="help-b">
        {groups.map((group) => {
          const rows = actions.filter((action) => action.group === group && action.keys);
          if (rows.length === 0) return null;
          return (
            <section key={group} aria-label={group}>
              <h3>{group}</h3>
              <dl>
                {rows.map((action) => (
                  <div key={action.id}>
                    <dt>{action.title}</dt>
                    <dd>
                      {keyLabels(action.keys ?? "").map((key) => (
                        <kbd key={key}>{key}</kbd>
                      ))}
                    </dd>
                  </div>
                ))}
              </dl>
            </section>
          );
        })}
        <section aria-label="In charts and lists">
          <h3>In charts and lists</h3>
          <dl>
            {[
              ["Move the cursor", ["←", "→"]],
              ["Move through rows", ["↑", "↓"]],
              ["Open the rows behind", ["Enter"]],
              ["Select a row", ["Space"]],
              ["Close what is open", ["Esc"]],
            ].map(([title, keys]) => (
              <div key={String(title)}>
                <dt>{title}</dt>
                <dd>
                  {[keys].flat().map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </section>
      </div>
      <div className="foot">
        {hasSingleKeys
          ? "Single keys can be switched off in Settings, Keyboard."
          : "Single keys are switched off in Settings, Keyboard."}
      </div>
    </Modal>
  );
};
